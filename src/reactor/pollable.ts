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

/** The owner of one descriptor, as the reactor calls it. */
export abstract class Pollable {
  /**
   * All flags of the object and a few small numbers, in one word: as a field each, they would cost
   * a connection more than 90 bytes.
   */
  protected bits = 0;

  /** The index in the reactor's table, or -1 while not registered. */
  slot = -1;

  protected has(bit: number): boolean {
    return (this.bits & bit) !== 0;
  }

  protected mark(bit: number, on: boolean): void {
    if (on) this.bits |= bit;
    else this.bits &= ~bit;
  }

  /** Whether it is on one of the reactor's two lists of work. It is never on both. */
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

  /** Runs the work that `runNextTurn` or `runAgainThisTurn` put off. */
  abstract onTurn(): void;

  /**
   * One of its handlers runs the event loop itself. The pollable must now queue the work that it
   * would do after the handler, unless an event will cause it.
   */
  onReentry(): void {}

  /** Node's name for this kind of resource, while it keeps the process alive; else null. */
  keepsAlive(): string | null {
    return null;
  }

  /** The user's object for it, such as a socket; null if there is none. */
  holder(): object | null {
    return null;
  }
}

/** Collects the writes of a handler, and sends them when the handler has returned. */
export interface Flushable {
  readonly context: AsyncContext | null;
  flush(): void;
  /**
   * Sends at the end of the process. It calls no callbacks: they would come with a tick, and there
   * is none.
   */
  sendNow(): void;
}
