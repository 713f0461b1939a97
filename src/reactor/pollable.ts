/** Runs a function in the asynchronous context that something was made in; AsyncResource is one. */
export interface Scope {
  runInAsyncScope<This, Argument, Result>(
    run: (this: This, argument: Argument) => Result,
    thisArgument: This,
    argument: Argument,
  ): Result;
}

/** What the reactor calls: an owner of one descriptor. */
export abstract class Pollable {
  /** The place in the reactor's table, or -1 while not registered. */
  slot = -1;
  /** The context that handlers run in, so that AsyncLocalStorage holds what it held there. */
  scope: Scope | null = null;
  /** Already on one of the reactor's two lists of work. */
  queued = false;

  /** The descriptor became ready; `events` are epoll's bits. */
  abstract onReady(events: number): void;

  /** Work that was put off with `soon` or `again`. */
  abstract onTurn(): void;

  /** Node's name for what it is, while it keeps the process alive; else null. */
  keepsAlive(): string | null {
    return null;
  }
}

/** What writes gathered during a handler, and sends them when it has returned. */
export interface Flushable {
  readonly scope: Scope | null;
  flush(): void;
  /** Sends at the process's end: nobody is told before the next tick, so that nobody is. */
  sendNow(): void;
}
