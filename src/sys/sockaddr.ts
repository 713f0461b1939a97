/**
 * Turns socket addresses from text to bytes of `struct sockaddr`, and back. The C file does not do
 * it, since it would give the text of its C library: for some IPv6 addresses musl's text differs
 * from that of the GNU C library, and of Node.
 */
import { isIPv4, isIPv6 } from '../util/ip.js';
import { ipv4Bytes, ipv6Text, ipv6Words } from '../util/ip_number.js';
import { errno } from '../util/system_error.js';
import type { Binding } from './binding.js';
import type { Kernel, KernelAddress } from './kernel.js';

/** Offsets in struct sockaddr_in, sockaddr_in6 and sockaddr_un. */
const FAMILY_BYTES = 2;
const PORT_AT = 2;
const IPV4_AT = 4;
const IPV4_LENGTH = 16;
const IPV6_AT = 8;
const SCOPE_WORD = 6;
const IPV6_LENGTH = 28;
const PATH_AT = 2;
const PATH_BYTES_MAX = 108;

/** The size of struct sockaddr_storage: no kernel's address is longer. */
const ADDRESS_BYTES_MAX = 128;
/** IF_NAMESIZE, the terminator included. */
const INTERFACE_BYTES_MAX = 16;

type Calls = Pick<
  Binding,
  'bind' | 'connect' | 'getsockname' | 'getpeername' | 'interfaceIndex' | 'interfaceName'
>;

// One buffer for all calls: each call fills and empties it. Words are in the machine's byte order.
const bytes = Buffer.alloc(ADDRESS_BYTES_MAX);
const shorts = new Uint16Array(bytes.buffer, bytes.byteOffset, ADDRESS_BYTES_MAX / 2);
const words = new Uint32Array(bytes.buffer, bytes.byteOffset, ADDRESS_BYTES_MAX / 4);
const interfaceBytes = Buffer.alloc(INTERFACE_BYTES_MAX);

function isWholeInt(value: unknown): boolean {
  return typeof value === 'number' && (value | 0) === value;
}

/** Writes a path or an abstract name. Returns the address's length, or -errno. */
function putPath(path: string): number {
  const length = Buffer.byteLength(path);
  const isAbstract = path.startsWith('\0');
  if (length === 0 || (!isAbstract && path.includes('\0'))) return -errno.EINVAL;
  if (length > PATH_BYTES_MAX) return -errno.ENAMETOOLONG;
  bytes.write(path, PATH_AT);
  // A path ends with a terminator if there is room. An abstract name is counted, and has none.
  const hasTerminator = !isAbstract && length < PATH_BYTES_MAX;
  return PATH_AT + length + (hasTerminator ? 1 : 0);
}

/** The number of the interface after the '%', given by number or by name. 0 if it is neither. */
function scopeOf(calls: Calls, zone: string): number {
  if (zone.length >= INTERFACE_BYTES_MAX) return 0;
  if (!/^\d+$/.test(zone)) return calls.interfaceIndex(zone);
  const index = Number(zone);
  return index > 0xffff_ffff ? 0 : index;
}

function putIpv6(calls: Calls, text: string): number {
  const percent = text.indexOf('%');
  const address = percent < 0 ? text : text.slice(0, percent);
  if (!isIPv6(address)) return -errno.EINVAL;
  if (percent >= 0) {
    words[SCOPE_WORD] = scopeOf(calls, text.slice(percent + 1));
    if (words[SCOPE_WORD] === 0) return -errno.EINVAL;
  }
  for (const [at, word] of ipv6Words(address).entries()) {
    bytes.writeUInt16BE(word, IPV6_AT + 2 * at);
  }
  return IPV6_LENGTH;
}

function putIpv4(text: string): number {
  if (!isIPv4(text)) return -errno.EINVAL;
  bytes.set(ipv4Bytes(text), IPV4_AT);
  return IPV4_LENGTH;
}

/** Fills `bytes` and returns the address's length, or -errno. */
function encode(
  calls: Calls,
  c: Kernel['constants'],
  family: number,
  text: string,
  port: number,
): number {
  if (typeof text !== 'string' || !isWholeInt(family) || !isWholeInt(port)) return -errno.EINVAL;
  const isIp = family === c.AF_INET || family === c.AF_INET6;
  if (!isIp && family !== c.AF_UNIX) return -errno.EAFNOSUPPORT;
  bytes.fill(0);
  shorts[0] = family;
  if (!isIp) return putPath(text);
  if (port < 0 || port > 65_535) return -errno.EINVAL;
  bytes.writeUInt16BE(port, PORT_AT);
  return family === c.AF_INET ? putIpv4(text) : putIpv6(calls, text);
}

/** The zone as text. Only a link-local IPv6 address (fe80::/10) needs its zone. */
function zoneText(calls: Calls): string {
  const scope = words[SCOPE_WORD] as number;
  const isLinkLocal = (bytes.readUInt16BE(IPV6_AT) & 0xffc0) === 0xfe80;
  if (scope === 0 || !isLinkLocal) return '';
  const length = calls.interfaceName(scope, interfaceBytes);
  return length > 0 ? `%${interfaceBytes.toString('utf8', 0, length)}` : '';
}

function pathText(length: number): string {
  if (length <= PATH_AT) return '';
  // A path ends with its terminator, which the kernel counts as part of the length.
  const end = bytes[PATH_AT] === 0 ? -1 : bytes.indexOf(0, PATH_AT);
  return bytes.toString('utf8', PATH_AT, end < 0 ? length : Math.min(end, length));
}

/** The address in the first `length` of `bytes`. An unknown family gives an empty text. */
function decode(calls: Calls, c: Kernel['constants'], length: number): KernelAddress {
  const family = length < FAMILY_BYTES ? 0 : (shorts[0] as number);
  if (family === c.AF_UNIX) return { family, address: pathText(length), port: 0 };
  const port = bytes.readUInt16BE(PORT_AT);
  if (family === c.AF_INET) {
    return { family, address: bytes.subarray(IPV4_AT, IPV4_AT + 4).join('.'), port };
  }
  if (family !== c.AF_INET6) return { family, address: '', port: 0 };
  const address: number[] = [];
  for (let at = IPV6_AT; at < IPV6_AT + 16; at += 2) address.push(bytes.readUInt16BE(at));
  return { family, address: ipv6Text(address) + zoneText(calls), port };
}

/** The kernel interface's calls with addresses. */
export function addressCalls(
  calls: Calls,
  constants: Kernel['constants'],
): Pick<Kernel, 'bind' | 'connect' | 'getsockname' | 'getpeername'> {
  const name = (length: number): KernelAddress | number =>
    length < 0 ? length : decode(calls, constants, length);
  return {
    bind(fd, family, address, port) {
      const length = encode(calls, constants, family, address, port);
      return length < 0 ? length : calls.bind(fd, bytes.subarray(0, length));
    },
    connect(fd, family, address, port) {
      const length = encode(calls, constants, family, address, port);
      return length < 0 ? length : calls.connect(fd, bytes.subarray(0, length));
    },
    getsockname: (fd) => name(calls.getsockname(fd, bytes)),
    getpeername: (fd) => name(calls.getpeername(fd, bytes)),
  };
}
