/**
 * Runs the ticks and promise jobs that are due, as the end of each of Node's callbacks does, so
 * that one call from native code can run several handlers. Node's own timers do it by this very
 * function. It is not documented, and wrapped in a warning with `--pending-deprecation`: where it
 * is not there as it is, each handler gets a call of its own.
 */
const found = (process as { _tickCallback?: unknown })._tickCallback;

export const drainTicks =
  typeof found === 'function' && found.name === 'runNextTicks' ? (found as () => void) : null;
