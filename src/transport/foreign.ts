/**
 * Descriptors that somebody else made, and gives by their number. Only streams are taken. What is
 * refused, or fails, stays open and as it was: it is the caller's, and may be one of Node's own.
 */
import { errno } from '../util/system_error.js';
import type { Host } from './host.js';

/** As Node names them; a `LISTENER` is a TCP or UNIX stream socket that listens. */
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

/** What the descriptor is, or -errno where there is none. */
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
 * Listens on `fd`, of which nobody in this thread has the number, and takes it over. Returns it, or
 * -errno: EEXIST where it is a handle's of Node's own, EINVAL where it is no stream socket.
 */
export function takeListener(host: Host, fd: number, backlog: number): number {
  const { kernel } = host;
  const type = descriptorType(host, fd);
  if (type !== 'TCP' && type !== 'PIPE' && type !== 'LISTENER') return -errno.EINVAL;
  if (kernel.ofNode(fd) === 1) return -errno.EEXIST;
  // Before it is ours: nothing else is likely to fail.
  const listens = kernel.listen(fd, backlog);
  return listens < 0 ? listens : kernel.adopt(fd);
}

/**
 * A descriptor of our own for the socket of `fd`, which an object of this thread has and keeps.
 * Returns it, or -errno: EINVAL where it is no stream socket.
 */
export function copyListener(host: Host, fd: number): number {
  const type = descriptorType(host, fd);
  const isStream = type === 'TCP' || type === 'PIPE' || type === 'LISTENER';
  return isStream ? host.kernel.dup(fd) : -errno.EINVAL;
}

/** What SO_LINGER is with a time: struct linger's two ints. */
const LINGER_BYTES = 8;
const NO_LINGER = Buffer.alloc(LINGER_BYTES);

/** Whether what comes from this listener would wait in close(2) until all it wrote is received. */
export function handsLingerDown(host: Host, fd: number): boolean {
  const { SO_LINGER, SOL_SOCKET } = host.kernel.constants;
  const linger = Buffer.alloc(LINGER_BYTES);
  const length = host.kernel.getsockopt(fd, SOL_SOCKET, SO_LINGER, linger);
  return length === LINGER_BYTES && linger.readInt32LE(0) !== 0 && linger.readInt32LE(4) !== 0;
}

/** Closing `fd` sends what it wrote in the background from here on, as it does by default. */
export function clearLinger(host: Host, fd: number): void {
  const { SO_LINGER, SOL_SOCKET } = host.kernel.constants;
  host.kernel.setsockopt(fd, SOL_SOCKET, SO_LINGER, NO_LINGER);
}
