/**
 * Options as their giver meant them. An object that a program passes may inherit some: from a
 * class of its own, from defaults it was created over. What lies on `Object.prototype` is nobody's
 * option: a peer may have put it there by way of a fault in the program.
 */

/** Whether it is `Object.prototype`, of this realm or of another one. */
function isRoot(object: object): boolean {
  if (object === Object.prototype) return true;
  return Object.getPrototypeOf(object) === null && Object.hasOwn(object, 'isPrototypeOf');
}

/** Who has the property: `options`, one of its prototypes, or null for nobody. */
function holderOf(options: object, name: PropertyKey): object | null {
  let at: object | null = options;
  while (at !== null && !Object.hasOwn(at, name)) at = Object.getPrototypeOf(at);
  return at;
}

/** `options[name]`; undefined where it is on `Object.prototype` only. */
export function option<Options extends object, Name extends keyof Options>(
  options: Options,
  name: Name,
): Options[Name] | undefined {
  const holder = holderOf(options, name);
  // A Proxy may answer for what nobody has.
  return holder !== null && isRoot(holder) ? undefined : options[name];
}

/**
 * Those of `names` that `options` have, by themselves or by a class of the user's, in an object
 * that inherits from nobody; as `node:net` reads what it does not copy first.
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
 * A copy of what `options` have themselves, which inherits from nobody; as `node:net` copies the
 * options of `new Socket` and `createServer`.
 */
export function ownOptions<Options extends object>(options: Options): Options {
  return Object.assign(Object.create(null), options);
}

/** As `ownOptions`, with those of `names` besides that a class of the user's has. */
export function flatOptions<Options extends object>(
  options: Options,
  names: readonly string[],
): Options {
  return Object.assign(ownOptions(options), pick(options as Record<string, unknown>, names));
}
