/**
 * Asks how many connections wait to be accepted. An accept(2) that finds none is not cheap: the
 * kernel makes a socket and a file before it looks for a connection.
 */
import type { Kernel } from '../sys/kernel.js';

/** The part of `struct tcp_info` (linux/tcp.h) up to `tcpi_sacked`. */
const INFO_BYTES = 32;
/** The index of `tcpi_unacked` as a word: the length of a listener's accept queue. */
const WAITING_WORD = 6;
/**
 * `tcpi_sacked`: a listener's backlog. If a kernel reports no backlog here, it reports no queue
 * either.
 */
const BACKLOG_WORD = 7;
/** The value of `tcpi_state`, the first byte, of a listening socket. */
const TCP_LISTEN = 10;

/** The kernel does not report how many wait: accept(2) fails when there are no more. */
export const UNKNOWN = Number.POSITIVE_INFINITY;

const bytes = new Uint8Array(INFO_BYTES);
const words = new Uint32Array(bytes.buffer);

/** The number of waiting connections of a listening TCP socket, or `UNKNOWN`. */
export function connectionsWaiting(kernel: Kernel, fd: number): number {
  const { IPPROTO_TCP, TCP_INFO } = kernel.constants;
  const length = kernel.getsockopt(fd, IPPROTO_TCP, TCP_INFO, bytes);
  const isSaid = length >= INFO_BYTES && bytes[0] === TCP_LISTEN && words[BACKLOG_WORD] !== 0;
  if (!isSaid) return UNKNOWN;
  return words[WAITING_WORD] as number;
}
