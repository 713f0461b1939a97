/**
 * Decides how much the next read of a socket asks for. Each socket has a guess at the size of its
 * messages: a small number that its reads raise and lower. Everything here depends on that number
 * alone.
 */

/** The size of an ordinary read, the same as Node's. */
export const READ_BYTES = 64 * 1024;

/**
 * The size of a read after one that was filled: a whole slab. A peer that sends much then costs a
 * system call and a turn through JavaScript per 256 KiB, not per 64.
 */
export const HUGE_READ_BYTES = 256 * 1024;

/** The least room for a read of a small message. */
const SMALL_READ_BYTES = 1024;

/** The most bytes of a middling message. A read of one has more room than that. */
const MIDDLING_BYTES = 4 * 1024;

/**
 * A smaller read takes one from the guess. Up to this guess a read has room for a middling
 * message, up to the next for a large one, then for a huge one. Above the last the read is
 * vectored: it fills several slabs.
 */
const MIDDLING_GUESS = 16;
const LARGE_GUESS = 32;
const HUGE_GUESS = 40;
const VECTORED_GUESS = 48;
/** Added after a filled huge read. After three of them in a row the next read may be vectored. */
const HUGE_RAISES = 4;
const GUESS_MAX = 60;

/** The guess of a socket that has just read `countBytes`. */
export function nextGuess(countBytes: number, guess: number): number {
  if (countBytes >= HUGE_READ_BYTES) {
    return Math.min(Math.max(guess, HUGE_GUESS) + HUGE_RAISES, GUESS_MAX);
  }
  if (countBytes >= READ_BYTES) return HUGE_GUESS;
  if (guess > LARGE_GUESS) return guess - 1;
  if (countBytes > MIDDLING_BYTES) return LARGE_GUESS;
  if (guess > MIDDLING_GUESS) return guess - 1;
  if (countBytes >= SMALL_READ_BYTES) return MIDDLING_GUESS;
  return guess > 0 ? guess - 1 : 0;
}

/** The guess, lowered so that a large read has to come before the next huge one. */
export function withoutHuge(guess: number): number {
  return Math.min(guess, LARGE_GUESS);
}

/** The least room for a read. A `frugal` read is never huge. */
export function leastRoomBytes(guess: number, frugal: boolean): number {
  if (guess > LARGE_GUESS && !frugal) return HUGE_READ_BYTES;
  if (guess > MIDDLING_GUESS) return READ_BYTES;
  return guess > 0 ? MIDDLING_BYTES + 1 : SMALL_READ_BYTES;
}

/** Whether a read has room for a large message. It then uses a slab that other sockets use too. */
export function readsLarge(guess: number): boolean {
  return guess > MIDDLING_GUESS;
}

/** Whether a read may be vectored, if enough bytes wait. */
export function mayReadVectored(guess: number): boolean {
  return guess > VECTORED_GUESS;
}

/** The most bytes of a read that are delivered in one piece. */
export function pieceBytes(guess: number): number {
  return guess > LARGE_GUESS ? HUGE_READ_BYTES : READ_BYTES;
}
