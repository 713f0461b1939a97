/** Counts the closed sockets that can not be collected as garbage. */

const ROUNDS_MAX = 30;

/** The real one: none of this happens while a simulation runs. */
const { setImmediate } = globalThis;

/**
 * How many of `sockets` stay, however often memory is collected. What ended in the last tick may
 * take several collections, since a finalizer or a weak reference lets go only in the next turn.
 */
export async function countHeld(sockets: readonly WeakRef<object>[]): Promise<number> {
  if (globalThis.gc === undefined) return 0;
  let held = 0;
  for (let i = 0; i < ROUNDS_MAX; i++) {
    await new Promise((resolve) => setImmediate(resolve));
    globalThis.gc();
    held = sockets.filter((one) => one.deref() !== undefined).length;
    if (held === 0) break;
  }
  return held;
}
