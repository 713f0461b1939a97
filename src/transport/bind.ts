/** Makes descriptors that are bound and ready to listen. Every function returns >= 0 or -errno. */
import type { Host } from './host.js';

export interface BindOptions {
  readonly ipv6Only: boolean;
  readonly reusePort: boolean;
}

/** Makes a TCP descriptor bound to an IP address. Sets SO_REUSEADDR: manual, `server.listen`. */
export function bindTcp(
  host: Host,
  address: string,
  port: number,
  family: 4 | 6,
  options: BindOptions,
): number {
  const { kernel } = host;
  const c = kernel.constants;
  const domain = family === 6 ? c.AF_INET6 : c.AF_INET;
  const fd = kernel.socket(domain, c.SOCK_STREAM, 0);
  if (fd < 0) return fd;
  let status = kernel.setsockopt(fd, c.SOL_SOCKET, c.SO_REUSEADDR, 1);
  if (status >= 0 && options.reusePort) {
    status = kernel.setsockopt(fd, c.SOL_SOCKET, c.SO_REUSEPORT, 1);
  }
  if (status >= 0 && family === 6) {
    status = kernel.setsockopt(fd, c.IPPROTO_IPV6, c.IPV6_V6ONLY, options.ipv6Only ? 1 : 0);
  }
  if (status >= 0) status = kernel.bind(fd, domain, address, port);
  if (status >= 0) return fd;
  kernel.close(fd, -1);
  return status;
}

/** Makes a UNIX descriptor bound to a path, or to an abstract name, which begins with NUL. */
export function bindPath(host: Host, path: string): number {
  const { kernel } = host;
  const { AF_UNIX, SOCK_STREAM } = kernel.constants;
  const fd = kernel.socket(AF_UNIX, SOCK_STREAM, 0);
  if (fd < 0) return fd;
  const status = kernel.bind(fd, AF_UNIX, path, 0);
  if (status >= 0) return fd;
  kernel.close(fd, -1);
  return status;
}

/** The address family of a descriptor, or -errno if it is not a socket. */
export function familyOf(host: Host, fd: number): number {
  const { SOL_SOCKET, SO_DOMAIN } = host.kernel.constants;
  const domain = Buffer.alloc(4);
  const status = host.kernel.getsockopt(fd, SOL_SOCKET, SO_DOMAIN, domain);
  return status < 0 ? status : domain.readInt32LE(0);
}

const READ_ALL = 0o444;
const WRITE_ALL = 0o222;

/** Lets every user read from, or write to, the socket at `path`. */
export function openToAll(host: Host, path: string, read: boolean, write: boolean): number {
  const about: number[] = [];
  const status = host.kernel.stat(path, about);
  if (status < 0) return status;
  const mode = ((about[0] ?? 0) & 0o7777) | (read ? READ_ALL : 0) | (write ? WRITE_ALL : 0);
  return host.kernel.chmod(path, mode);
}

/**
 * The identity of a socket file at the time of bind, so that closing never removes a later file.
 */
export class SocketFile {
  private readonly about: number[] = [];

  constructor(
    private readonly host: Host,
    private readonly path: string,
  ) {
    host.kernel.stat(path, this.about);
  }

  /** Removes the file if it is still the one that was bound. */
  remove(): void {
    const now: number[] = [];
    if (this.host.kernel.stat(this.path, now) < 0) return;
    if (now[1] === this.about[1] && now[2] === this.about[2]) this.host.kernel.unlink(this.path);
  }
}
