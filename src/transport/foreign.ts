/**
 * Takes descriptors that a program made elsewhere and passes by number. It takes only streams. A
 * refused or failed descriptor stays open and unchanged: the caller owns it, and it may be one of
 * Node's own.
 */
import { errno } from '../util/system_error.js';
import type { Host } from './host.js';

/** Node's names. A `LISTENER` is a TCP or UNIX stream socket that listens. */
export type DescriptorType = 'TCP' | 'PIPE' | 'LISTENER' | 'UDP' | 'FILE' | 'UNKNOWN';

function intOption(host: Host, fd: number, name: number): number {
  const value = Buffer.alloc(4);
  const length = host.kernel.getsockopt(fd, host.kernel.constants.SOL_SOCKET, name, value);
  return length === 4 ? value.readInt32LE(0) : -1;
}

function socketType(host: Host, fd: number): DescriptorType {
  const { AF_INET, AF_INET6, AF_UNIX, SO_ACCEPTCONN, SO_DOMAIN, SO_TYPE, SOCK_DGRAM, SOCK_STREAM } =
    host.kernel.constants;
  const family = intOption(host, fd, SO_DOMAIN);
  const type = intOption(host, fd, SO_TYPE);
  const isIp = family === AF_INET || family === AF_INET6;
  if (type === SOCK_DGRAM && isIp) return 'UDP';
  if (type !== SOCK_STREAM || !(isIp || family === AF_UNIX)) return 'UNKNOWN';
  if (intOption(host, fd, SO_ACCEPTCONN) === 1) return 'LISTENER';
  return isIp ? 'TCP' : 'PIPE';
}

/** The type of the descriptor, or -errno if there is none. */
export function descriptorType(host: Host, fd: number): DescriptorType | number {
  const { kernel } = host;
  const { S_IFCHR, S_IFIFO, S_IFREG, S_IFSOCK } = kernel.constants;
  const kind = kernel.kind(fd);
  if (kind < 0) return kind;
  if (kind === S_IFSOCK) return socketType(host, fd);
  if (kind === S_IFIFO) return 'PIPE';
  return kind === S_IFREG || kind === S_IFCHR ? 'FILE' : 'UNKNOWN';
}

/**
 * Listens on `fd` and takes it over; no object in this thread may own it. Returns it, or -errno:
 * EEXIST if a handle of Node's own has it, EINVAL if it is not a stream socket.
 */
export function takeListener(host: Host, fd: number, backlog: number): number {
  const { kernel } = host;
  const type = descriptorType(host, fd);
  if (type !== 'TCP' && type !== 'PIPE' && type !== 'LISTENER') return -errno.EINVAL;
  if (kernel.ofNode(fd) === 1) return -errno.EEXIST;
  // Called before taking the descriptor over: it is the call most likely to fail.
  const listens = kernel.listen(fd, backlog);
  return listens < 0 ? listens : kernel.adopt(fd);
}

/**
 * Copies `fd`, which an object of this thread owns and keeps. Returns the copy, or -errno: EINVAL
 * if it is not a stream socket.
 */
export function copyListener(host: Host, fd: number): number {
  const type = descriptorType(host, fd);
  const isStream = type === 'TCP' || type === 'PIPE' || type === 'LISTENER';
  return isStream ? host.kernel.dup(fd) : -errno.EINVAL;
}

/** The size of struct linger: two ints. */
const LINGER_BYTES = 8;
const NO_LINGER = Buffer.alloc(LINGER_BYTES);

/**
 * Whether connections from this listener inherit a linger time: close(2) would wait until the peer
 * has received everything.
 */
export function handsLingerDown(host: Host, fd: number): boolean {
  const { SO_LINGER, SOL_SOCKET } = host.kernel.constants;
  const linger = Buffer.alloc(LINGER_BYTES);
  const length = host.kernel.getsockopt(fd, SOL_SOCKET, SO_LINGER, linger);
  return length === LINGER_BYTES && linger.readInt32LE(0) !== 0 && linger.readInt32LE(4) !== 0;
}

/** Restores the default: closing `fd` then sends its remaining bytes in the background. */
export function clearLinger(host: Host, fd: number): void {
  const { SO_LINGER, SOL_SOCKET } = host.kernel.constants;
  host.kernel.setsockopt(fd, SOL_SOCKET, SO_LINGER, NO_LINGER);
}
