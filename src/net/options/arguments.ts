/** The many shapes of arguments that `connect` and `listen` take, put into one. */
import { kNormalized } from '../symbols.js';

/** `[options, callback or null]`, marked so that it is not done twice. */
export type NormalizedArguments<Options, Callback> = [Options, Callback | null] & {
  [kNormalized]?: true;
};

interface CommonOptions {
  port?: number | string | undefined;
  host?: string | undefined;
  path?: string | undefined;
}

/** A number that is not negative, or false: what tells a port from a path. */
export function toCount(value: unknown): number | false {
  const count = Number(value);
  return count >= 0 ? count : false;
}

/** A string that is no number is a UNIX path. */
export function isPath(value: unknown): value is string {
  return typeof value === 'string' && toCount(value) === false;
}

/**
 * `(options, cb)`, `(path, cb)` or `(port, host, …, cb)`; the callback may be absent. An
 * `arguments` object will do.
 */
export function normalizeArguments<Options extends object, Callback>(
  args: ArrayLike<unknown>,
): NormalizedArguments<Options & CommonOptions, Callback> {
  const first = args[0];
  const last = args[args.length - 1];
  let options: CommonOptions = {};
  if (args.length > 0) {
    if (typeof first === 'object' && first !== null) options = first;
    else if (isPath(first)) options.path = first;
    else {
      options.port = first as number | string | undefined;
      if (typeof args[1] === 'string') options.host = args[1];
    }
  }
  const callback = typeof last === 'function' ? (last as Callback) : null;
  const normalized: NormalizedArguments<Options & CommonOptions, Callback> = [
    options as Options & CommonOptions,
    callback,
  ];
  normalized[kNormalized] = true;
  return normalized;
}

/** Whether `value` is what `normalizeArguments` returns. */
export function isNormalized<Options, Callback>(
  value: unknown,
): value is NormalizedArguments<Options, Callback> {
  return Array.isArray(value) && kNormalized in value;
}
