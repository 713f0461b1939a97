/**
 * Node's `Socket` and `Server` are functions: they can be called without `new`, and old code
 * inherits from them with `Socket.call(this, options)`. A class allows neither; this wraps one.
 */

type AnyClass<Args extends unknown[], Instance extends object> = new (...args: Args) => Instance;

export type Callable<Class> = Class extends new (
  ...args: infer Args
) => infer Instance
  ? Class & ((...args: Args) => Instance)
  : never;

/** The same with its instances by the name that users, and so their editors, know. */
export type Named<Class extends abstract new (...args: never[]) => object, Instance> = Callable<
  new (
    ...args: ConstructorParameters<Class>
  ) => Instance
> &
  Omit<Class, 'prototype'>;

/** The class behind each callable. */
const classes = new WeakMap<object, object>();

/**
 * The class that `makeCallable` was given. With a plain function as `new.target`, V8 gives every
 * object it makes a hidden class of its own, and all code that handles them is slow.
 */
export function classOf<Class extends object>(callable: Class): Class {
  return (classes.get(callable) ?? callable) as Class;
}

type Run = (target: unknown, self: unknown, args: unknown[]) => unknown;

/** V8 takes what a stack trace calls an object from the source of its constructor. */
const shells = {
  Socket: (run: Run) =>
    function Socket(this: unknown, ...args: unknown[]): unknown {
      return run(new.target, this, args);
    },
  Server: (run: Run) =>
    function Server(this: unknown, ...args: unknown[]): unknown {
      return run(new.target, this, args);
    },
};

/**
 * `initialise` does to an object with the right prototype what the constructor does to a new one.
 */
export function makeCallable<
  Args extends unknown[],
  Instance extends object,
  Class extends AnyClass<Args, Instance>,
>(
  name: keyof typeof shells,
  Class: Class,
  initialise: (self: Instance, ...args: Args) => void,
): Callable<Class> {
  const construct: (...args: never[]) => unknown = shells[name]((target, self, list): unknown => {
    const args = list as Args;
    if (target === construct) return new Class(...args);
    if (target !== undefined) return Reflect.construct(Class, args, target as () => void);
    if (!(self instanceof construct)) return new Class(...args);
    initialise(self as Instance, ...args);
    return undefined;
  });
  Object.setPrototypeOf(construct, Object.getPrototypeOf(Class) as object);
  for (const key of Reflect.ownKeys(Class)) {
    if (key === 'prototype') continue;
    const property = Object.getOwnPropertyDescriptor(Class, key);
    if (property !== undefined) Object.defineProperty(construct, key, { ...property });
  }
  construct.prototype = Class.prototype;
  Object.defineProperty(Class.prototype, 'constructor', {
    value: construct,
    configurable: true,
    writable: true,
  });
  classes.set(construct, Class);
  return construct as unknown as Callable<Class>;
}
