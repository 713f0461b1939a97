/**
 * Runs the ticks and promise jobs that are due, as Node does at the end of each callback. So one
 * call from native code can run several handlers. Node's own timers use the same function. It has
 * no documentation, and `--pending-deprecation` wraps it in a warning. If it is absent or wrapped,
 * each handler gets a call of its own.
 */
const found = (process as { _tickCallback?: unknown })._tickCallback;

export const drainTicks =
  typeof found === 'function' && found.name === 'runNextTicks' ? (found as () => void) : null;
