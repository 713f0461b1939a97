/**
 * Runs a function once the running handler has returned and all its ticks and promise jobs have
 * run, but before any other handler. libuv ends a request at this moment.
 */
import type { AsyncContext } from '../reactor/pollable.js';
import type { Host } from './host.js';

const done = Promise.resolve();

/** Runs `run` in `context` behind the ticks and promise jobs that are due, and those they add. */
export function afterHandlers(host: Host, context: AsyncContext | null, run: () => void): void {
  const inContext =
    context === null ? run : (): void => context.runInAsyncScope(run, undefined, undefined);
  // A tick that a promise job adds is run when there are no promise jobs any more.
  void done.then(() => host.clock.nextTick(inContext));
}
