/**
 * The poll hook over a simulated epoll: what `run_turn` of native/barewire.c does, one dispatch at
 * a time, so that ticks and promise jobs can run between two of them.
 */
import {
  CALL_AGAIN,
  CALL_NEXT,
  WORD_AGAIN,
  WORD_BEHIND,
  WORD_EVENTS,
  WORD_NEXT,
  WORD_TURN,
  WORDS_PER_EVENT,
} from '../../hook.js';
import { constants } from '../constants.js';
import type { Epoll } from '../files/epoll.js';

/** The limit of `AGAIN_PER_TURN` in native/barewire.c. */
const AGAIN_PER_TURN = 1024;

export class Hook {
  referenced = false;
  /** Whether work is left for the next turn, so that the loop does not wait. */
  carrying = false;
  private inTurn = false;
  private inDispatch = false;
  /** The errors that handlers of the running dispatch threw. */
  private readonly reported: unknown[] = [];

  constructor(
    readonly epoll: Epoll,
    private readonly dispatch: (what: number) => void,
    private readonly control: Int32Array,
  ) {
    control[WORD_BEHIND] = -1;
  }

  /** Whether a turn has anything to do. */
  get due(): boolean {
    return this.carrying || this.epoll.hasReady();
  }

  carry(): void {
    if (!this.inTurn) this.carrying = true;
  }

  /** Throws `error` as an uncaught exception once the code that runs now has returned. */
  report(error: unknown): void {
    if (this.inDispatch) this.reported.push(error);
    else {
      process.nextTick(() => {
        throw error;
      });
    }
  }

  private run(what: number): void {
    this.inDispatch = true;
    try {
      this.dispatch(what);
    } finally {
      this.inDispatch = false;
    }
    if (this.reported.length > 0) throw this.reported.shift();
  }

  private word(at: number): number {
    return this.control[at] ?? 0;
  }

  /** One turn: yields each dispatch for the caller to run. A turn takes at most `limit` events. */
  *turn(limit: number): Generator<() => void, void> {
    if (this.inTurn) return;
    this.inTurn = true;
    const carried = this.word(WORD_NEXT);
    this.control[WORD_TURN] = this.word(WORD_TURN) + 1;
    const events = this.epoll.wait(Math.min(limit, constants.EVENTS_PER_TURN));
    for (const [index, { slot, generation, events: bits }] of events.entries()) {
      this.control.set([slot, generation, bits], WORD_EVENTS + index * WORDS_PER_EVENT);
    }
    for (let i = 0; i < events.length; i++) yield () => this.run(i);
    for (let i = 0; i < carried && this.word(WORD_NEXT) > 0; i++) {
      yield () => this.run(CALL_NEXT);
    }
    for (let i = 0; i < AGAIN_PER_TURN && this.word(WORD_AGAIN) > 0; i++) {
      yield () => this.run(CALL_AGAIN);
    }
    this.inTurn = false;
    this.carrying = this.word(WORD_NEXT) > 0 || this.word(WORD_AGAIN) > 0;
  }
}
