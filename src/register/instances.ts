/**
 * `x instanceof net.Socket` for sockets (and servers) of either make. Node's core goes on making
 * its own, for standard input, child processes and `http`; packages test those against the class
 * that `net` gives them.
 */

type AnyClass = abstract new (...args: never[]) => object;

/**
 * Makes `instanceof ours` true for instances of the built-in's class as well. A class that extends
 * `ours` keeps the ordinary meaning. Loads the built-in only when there is something to ask it.
 */
export function acceptInstances(ours: AnyClass, builtin: () => AnyClass): void {
  const own = ours[Symbol.hasInstance];
  Object.defineProperty(ours, Symbol.hasInstance, {
    value(this: AnyClass, candidate: unknown): boolean {
      if (own.call(this, candidate)) return true;
      if (this !== ours || typeof candidate !== 'object' || candidate === null) return false;
      return candidate instanceof builtin();
    },
    configurable: true,
    writable: true,
  });
}
