/**
 * Something to do in this turn of the event loop, once the running handler has returned and its
 * ticks and promise jobs have run. The loop goes on until it is done, whatever else there is, as
 * with a request of libuv.
 */
import { Pollable, type Scope } from '../reactor/pollable.js';
import type { Host } from './host.js';

class Deferred extends Pollable {
  constructor(
    private readonly host: Host,
    readonly scope: Scope | null,
    private readonly run: () => void,
  ) {
    super();
  }

  override onReady(): void {}

  override onTurn(): void {
    this.host.reactor.unref();
    this.run();
  }
}

/** Runs `run` in `scope` after the handlers that are due now, and before the loop waits. */
export function afterHandlers(host: Host, scope: Scope | null, run: () => void): void {
  host.reactor.ref();
  host.reactor.afterTicks(new Deferred(host, scope, run));
}
