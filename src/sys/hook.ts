/**
 * The words that the poll hook and the reactor share. The hook writes the events of a turn and
 * the turn's number; the reactor writes how much work is queued, so that the hook knows whether to
 * call again without asking.
 */

/** How many pollables wait for the next turn; written by the reactor. */
export const WORD_NEXT = 0;
/** How many pollables ask to run once more in this turn; written by the reactor. */
export const WORD_AGAIN = 1;
/** The number of the turn; written by the hook. */
export const WORD_TURN = 2;
/**
 * How many events are behind the one that is dispatched. Written by the hook before each call; a
 * call that goes on to them counts it down, before it runs each, and may go on to what asks to run
 * once more. Less than none: each is to have a call of its own.
 */
export const WORD_BEHIND = 3;
/**
 * More than none where something was written that is yet to be sent; written by the reactor. The
 * hook asks for it where a handler runs the event loop itself.
 */
export const WORD_FLUSH = 4;
/** Where the events begin: slot, generation and readiness for each. */
export const WORD_EVENTS = 5;
export const WORDS_PER_EVENT = 3;

/**
 * The words of one hook. The C file keeps a pointer to them, so they are shared memory: no program
 * can transfer, detach or resize that.
 */
export function hookWords(eventsPerTurn: number): Int32Array {
  const count = WORD_EVENTS + eventsPerTurn * WORDS_PER_EVENT;
  return new Int32Array(new SharedArrayBuffer(count * Int32Array.BYTES_PER_ELEMENT));
}

/** `dispatch(n)` for n >= 0 is event n; these are the other things it can be asked. */
export const CALL_NEXT = -1;
export const CALL_AGAIN = -2;
/** There are no more events: waiting for them failed, with the -errno that is in `WORD_BEHIND`. */
export const CALL_FAILED = -3;
/**
 * A handler has not returned, and runs the event loop itself, which is about to wait: some native
 * modules do that, so that a call returns when the answer is there. Turns go on within that.
 */
export const CALL_WAITS = -4;
