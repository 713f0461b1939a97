/** Runs a function in the asynchronous context that something was made in; AsyncResource is one. */
export interface AsyncContext {
  runInAsyncScope<This, Argument, Result>(
    run: (this: This, argument: Argument) => Result,
    thisArgument: This,
    argument: Argument,
  ): Result;
}

/** The reactor's own bit of `Pollable.bits`. `transport/state_word.ts` has the whole word. */
export const QUEUED_BIT = 0;
const QUEUED = 1 << QUEUED_BIT;

/** What the reactor calls: an owner of one descriptor. */
export abstract class Pollable {
  /**
   * All that is true or false of it, in one word: as a field each, they cost a connection more
   * than 90 bytes.
   */
  protected bits = 0;

  /** The place in the reactor's table, or -1 while not registered. */
  slot = -1;

  protected has(bit: number): boolean {
    return (this.bits & bit) !== 0;
  }

  protected mark(bit: number, on: boolean): void {
    if (on) this.bits |= bit;
    else this.bits &= ~bit;
  }

  /** Already on one of the reactor's two lists of work. */
  get queued(): boolean {
    return this.has(QUEUED);
  }

  set queued(on: boolean) {
    this.mark(QUEUED, on);
  }

  /** The context that handlers run in, so that AsyncLocalStorage holds what it held there. */
  abstract readonly context: AsyncContext | null;

  /** The descriptor became ready; `events` are epoll's bits. */
  abstract onReady(events: number): void;

  /** Work that was put off with `runNextTurn` or `runAgainThisTurn`. */
  abstract onTurn(): void;

  /**
   * A handler of its runs the event loop itself. What follows when that returns, and no event tells
   * of, is to be queued now.
   */
  onReentry(): void {}

  /** Node's name for what it is, while it keeps the process alive; else null. */
  keepsAlive(): string | null {
    return null;
  }

  /** What a user knows it by; null where there is none. */
  holder(): object | null {
    return null;
  }
}

/** What writes gathered during a handler, and sends them when it has returned. */
export interface Flushable {
  readonly context: AsyncContext | null;
  flush(): void;
  /** Sends at the process's end: nobody is told before the next tick, so that nobody is. */
  sendNow(): void;
}
