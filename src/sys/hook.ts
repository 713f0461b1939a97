/**
 * The words that the poll hook and the reactor share. The hook writes the events of a turn and the
 * number of the turn. The reactor writes how much work is queued, so that the hook knows without
 * asking whether to call again.
 */

/** How many pollables wait for the next turn; written by the reactor. */
export const WORD_NEXT = 0;
/** How many pollables ask to run once more in this turn; written by the reactor. */
export const WORD_AGAIN = 1;
/** The number of the turn; written by the hook. */
export const WORD_TURN = 2;
/**
 * The number of events after the one that is dispatched. The hook writes it before each call. A
 * call that goes on to those events counts it down before it runs each, and may then go on to the
 * pollables that ask to run once more. If it is negative, each event has to get a call of its own.
 */
export const WORD_BEHIND = 3;
/**
 * Greater than 0 if bytes were written that are not sent yet. The reactor writes it. The hook
 * reads it when a handler runs the event loop itself.
 */
export const WORD_FLUSH = 4;
/** The index of the first event: slot, generation and readiness for each. */
export const WORD_EVENTS = 5;
export const WORDS_PER_EVENT = 3;

/**
 * Makes the words of one hook. They are shared memory, since the C file keeps a pointer to them: a
 * program can not transfer, detach or resize shared memory.
 */
export function hookWords(eventsPerTurn: number): Int32Array {
  const count = WORD_EVENTS + eventsPerTurn * WORDS_PER_EVENT;
  return new Int32Array(new SharedArrayBuffer(count * Int32Array.BYTES_PER_ELEMENT));
}

/** `dispatch(n)` for n >= 0 is event n; these are the other values of n. */
export const CALL_NEXT = -1;
export const CALL_AGAIN = -2;
/** Waiting for events failed, and there will be no more. `WORD_BEHIND` has the -errno. */
export const CALL_FAILED = -3;
/**
 * A handler that has not returned runs the event loop itself, and the loop is about to wait. Some
 * native modules do that, so that a call returns only when the answer is there. Turns go on within
 * the handler.
 */
export const CALL_WAITS = -4;
