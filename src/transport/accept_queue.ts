/**
 * How many connections wait to be accepted. An accept(2) that finds none is not cheap: the kernel
 * makes a socket and a file for the connection before it looks whether there is one.
 */
import type { Kernel } from '../sys/kernel.js';

/** The part of `struct tcp_info` (linux/tcp.h) up to `tcpi_sacked`. */
const INFO_BYTES = 32;
/** `tcpi_unacked`, as a word: of a listener, the length of its accept queue. */
const WAITING_WORD = 6;
/** `tcpi_sacked`: of a listener its backlog. A kernel that does not say that says neither. */
const BACKLOG_WORD = 7;
/** The first byte of it, `tcpi_state`, of a socket that listens. */
const TCP_LISTEN = 10;

/** Where the kernel does not say how many wait, accept(2) tells when there are no more. */
export const UNKNOWN = Number.POSITIVE_INFINITY;

const bytes = new Uint8Array(INFO_BYTES);
const words = new Uint32Array(bytes.buffer);

/** For a listening TCP socket, `UNKNOWN` included. */
export function connectionsWaiting(kernel: Kernel, fd: number): number {
  const { IPPROTO_TCP, TCP_INFO } = kernel.constants;
  const length = kernel.getsockopt(fd, IPPROTO_TCP, TCP_INFO, bytes);
  const isSaid = length >= INFO_BYTES && bytes[0] === TCP_LISTEN && words[BACKLOG_WORD] !== 0;
  if (!isSaid) return UNKNOWN;
  return words[WAITING_WORD] as number;
}
