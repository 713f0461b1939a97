/** What the reactor calls: an owner of one descriptor. */
export abstract class Pollable {
  /** The place in the reactor's table, or -1 while not registered. */
  slot = -1;
  /** Already on one of the reactor's two lists of work. */
  queued = false;

  /** The descriptor became ready; `events` are epoll's bits. */
  abstract onReady(events: number): void;

  /** Work that was put off with `soon` or `again`. */
  abstract onTurn(): void;
}

/** What writes gathered during a handler, and sends them when it has returned. */
export interface Flushable {
  flush(): void;
}
