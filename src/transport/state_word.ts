/**
 * The layout of `Pollable.bits`: all that is true or false of a descriptor, and a few small
 * numbers, in one word. As a field each they would cost a connection more than 90 bytes.
 *
 * The word is full. Where one more flag is needed, take a bit from a number (six for the family
 * are five too many for those that occur), or give the flag to what few connections have.
 */
import { QUEUED_BIT } from '../reactor/pollable.js';

/** Each part of the word: its first bit, and how many there are. */
export const STATE_WORD = {
  /** The reactor's: already on one of its two lists of work. */
  QUEUED: [QUEUED_BIT, 1],

  // Of every descriptor.
  /** Nobody else has a descriptor for the same file. */
  EXCLUSIVE: [1, 1],
  /** Work on it does not keep the process alive. */
  UNREFERENCED: [2, 1],
  /** There is work: reading, connecting, accepting, or a write that waits. */
  ACTIVE: [3, 1],
  /** AF_INET, AF_INET6, AF_UNIX, or 0 for a pipe. Linux has fewer than 64 families. */
  FAMILY: [4, 6],

  // Of a stream.
  /** A connection is being made. */
  CONNECTING: [10, 1],
  /** The owner wants bytes. */
  READING: [11, 1],
  /** The peer's FIN was read. */
  ENDED: [12, 1],
  /** Our FIN was sent. */
  SHUT_DOWN: [13, 1],
  /** A FIN follows what is queued, within this turn. */
  FIN_WITH_LAST_BYTES: [14, 1],
  /** The kernel's buffer is full, or what is queued waits for the next turn. */
  BLOCKED: [15, 1],
  /** Something may be there to read. */
  READABLE: [16, 1],
  /** FIN, an error or urgent data is behind the bytes: a short read is not the last one. */
  SHORT_READ_MAY_GO_ON: [17, 1],
  /** How large its reads were lately; see `reactor/read_size.ts`. */
  SIZE_GUESS: [18, 6],
  /** Of what the last read brought, some is not delivered yet. */
  UNDELIVERED: [24, 1],
  /** Its registration asks for EPOLLOUT. */
  AWAITS_ROOM: [25, 1],
  /** How many more reads this turn allows. */
  READS_LEFT: [26, 3],
  /** The last bits of the turn's number. */
  TURN: [29, 2],
  /** A write failed for good. The sign bit: engines with 31-bit integers box the word then. */
  WRITE_FAILED: [31, 1],
} as const satisfies Record<string, readonly [firstBit: number, width: number]>;

type Part = keyof typeof STATE_WORD;

/** Where a number of the word begins. */
export function shiftOf(part: Part): number {
  return STATE_WORD[part][0];
}

/** The bits of a number of the word, once shifted down. */
export function maskOf(part: Part): number {
  return (1 << STATE_WORD[part][1]) - 1;
}

/** The bit of a flag. */
export function bitOf(part: Part): number {
  return 1 << STATE_WORD[part][0];
}
