/**
 * Reads options as the caller meant them. An options object may inherit some, from a class of its
 * own or from defaults it was created over. A property of `Object.prototype` is never an option: a
 * fault in the program may have let a peer put it there.
 */

/** Whether `object` is `Object.prototype`, of this realm or of another one. */
function isRoot(object: object): boolean {
  if (object === Object.prototype) return true;
  return Object.getPrototypeOf(object) === null && Object.hasOwn(object, 'isPrototypeOf');
}

/** The object that has the property: `options`, one of its prototypes, or null. */
function holderOf(options: object, name: PropertyKey): object | null {
  let at: object | null = options;
  while (at !== null && !Object.hasOwn(at, name)) at = Object.getPrototypeOf(at);
  return at;
}

/** `options[name]`; undefined if only `Object.prototype` has the property. */
export function option<Options extends object, Name extends keyof Options>(
  options: Options,
  name: Name,
): Options[Name] | undefined {
  const holder = holderOf(options, name);
  // A Proxy may give a value for a property that no object has.
  return holder !== null && isRoot(holder) ? undefined : options[name];
}

/**
 * Copies those of `names` that `options` have, themselves or by a class of the user's, into an
 * object without a prototype. `node:net` reads the options that it does not copy in this way.
 */
export function pick<Options extends object, Name extends keyof Options>(
  options: Options,
  names: readonly Name[],
): Pick<Options, Name> {
  const picked: Pick<Options, Name> = Object.create(null);
  for (const name of names) {
    const holder = holderOf(options, name);
    if (holder === null ? options[name] === undefined : isRoot(holder)) continue;
    picked[name] = options[name];
  }
  return picked;
}

/**
 * Copies the own properties of `options` into an object without a prototype. `node:net` copies the
 * options of `new Socket` and `createServer` in this way.
 */
export function ownOptions<Options extends object>(options: Options): Options {
  return Object.assign(Object.create(null), options);
}

/** As `ownOptions`, and also copies those of `names` that a class of the user's has. */
export function flatOptions<Options extends object>(
  options: Options,
  names: readonly string[],
): Options {
  return Object.assign(ownOptions(options), pick(options as Record<string, unknown>, names));
}
