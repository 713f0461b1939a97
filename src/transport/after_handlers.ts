/**
 * Runs a function once the running handler has returned and all its ticks and promise jobs have
 * run, but before any other handler. libuv ends a request at this moment.
 */
import type { Scope } from '../reactor/pollable.js';
import type { Host } from './host.js';

const done = Promise.resolve();

/** Runs `run` in `scope` after the ticks and promise jobs that are due, and those that they add. */
export function afterHandlers(host: Host, scope: Scope | null, run: () => void): void {
  const inScope =
    scope === null ? run : (): void => scope.runInAsyncScope(run, undefined, undefined);
  // Node runs a tick that a promise job adds when there are no promise jobs left.
  void done.then(() => host.clock.nextTick(inScope));
}
