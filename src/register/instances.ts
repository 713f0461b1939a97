/**
 * Makes `x instanceof net.Socket` (and `net.Server`) true for this package's objects and for the
 * built-in's. Node's core goes on making its own, for standard input, child processes and `http`,
 * and packages test those against the class that `net` gives them.
 */

type AnyClass = abstract new (...args: never[]) => object;

/**
 * Makes `instanceof ours` true for instances of the built-in's class as well. A class that extends
 * `ours` keeps the ordinary meaning. The built-in is loaded only when a check needs it.
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
