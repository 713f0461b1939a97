/**
 * The layout of `Pollable.bits`: all flags of a descriptor and a few small numbers, in one word.
 * As a field each they would cost a connection more than 90 bytes.
 *
 * The word is full. For one more flag, take a bit from a number (the family has six; two would do
 * for the four values in use), or put the flag into an object that only few connections have.
 */
import { QUEUED_BIT } from '../reactor/pollable.js';

/** The parts of the word: first bit and width of each. */
export const STATE_WORD = {
  /** It is on one of the reactor's two lists of work. */
  QUEUED: [QUEUED_BIT, 1],

  // Of every descriptor.
  /** No other descriptor refers to the same file. */
  EXCLUSIVE: [1, 1],
  /** Its work does not keep the process alive. */
  UNREFERENCED: [2, 1],
  /** It waits for something: it reads, connects, accepts, or a write waits. */
  ACTIVE: [3, 1],
  /** AF_INET, AF_INET6, AF_UNIX, or 0 for a pipe. Linux has fewer than 64 families. */
  FAMILY: [4, 6],

  // Of a stream.
  /** A connect is under way. */
  CONNECTING: [10, 1],
  /** The owner wants bytes. */
  READING: [11, 1],
  /** The peer's FIN, or an error, was read. */
  ENDED: [12, 1],
  /** Our FIN was sent. */
  SHUT_DOWN: [13, 1],
  /** A FIN follows what is queued, within this turn. */
  FIN_WITH_LAST_BYTES: [14, 1],
  /** The kernel's buffer is full, or the queued bytes wait for the next turn. */
  BLOCKED: [15, 1],
  /** Bytes, or the end, may wait in the kernel. */
  READABLE: [16, 1],
  /** FIN, an error or urgent data follows the bytes, so a short read may not be the last. */
  SHORT_READ_MAY_GO_ON: [17, 1],
  /** How large its reads were lately; see `reactor/read_size.ts`. */
  SIZE_GUESS: [18, 6],
  /** Some bytes of the last read are not delivered yet. */
  UNDELIVERED: [24, 1],
  /** Its registration asks for EPOLLOUT. */
  AWAITS_ROOM: [25, 1],
  /** The number of further reads that this turn allows. */
  READS_LEFT: [26, 3],
  /** The last bits of the turn's number. */
  TURN: [29, 2],
  /** A write failed for good. The sign bit: engines with 31-bit integers box the word then. */
  WRITE_FAILED: [31, 1],
} as const satisfies Record<string, readonly [firstBit: number, width: number]>;

type Part = keyof typeof STATE_WORD;

/** The first bit of a number of the word. */
export function shiftOf(part: Part): number {
  return STATE_WORD[part][0];
}

/** The bits of a number of the word, shifted down. */
export function maskOf(part: Part): number {
  return (1 << STATE_WORD[part][1]) - 1;
}

/** The bit of a flag. */
export function bitOf(part: Part): number {
  return 1 << STATE_WORD[part][0];
}
