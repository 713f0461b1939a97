/** Addresses as users see them. */
import type { Descriptor } from '../../transport/descriptor.js';

/** What `address()` returns for TCP; manual, `socket.address`. */
export interface AddressInfo {
  /** The IP address, as text. */
  address: string;
  /** `'IPv4'` or `'IPv6'`. */
  family: string;
  /** The port, 0 to 65535. */
  port: number;
}

type KernelName = ReturnType<Descriptor['localAddress']>;

/** The kernel's address as `{address, family, port}`; null for UNIX sockets and errors. */
export function addressInfo(descriptor: Descriptor, name: KernelName): AddressInfo | null {
  if (typeof name === 'number') return null;
  const { AF_INET, AF_INET6 } = descriptor.host.kernel.constants;
  if (name.family !== AF_INET && name.family !== AF_INET6) return null;
  const family = name.family === AF_INET6 ? 'IPv6' : 'IPv4';
  return { address: name.address, family, port: name.port };
}
