/** Reports that this package can not run here: by one warning, not at all, or by an error. */
import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads';
import { native, unsupported } from '../sys/binding.js';
import { type CodedError, codedError } from '../util/errors.js';

/**
 * Values of `BAREWIRE_UNSUPPORTED`: use the runtime's `net` with a warning or without, or throw.
 */
export const UNSUPPORTED = ['warn', 'silent', 'error'] as const;

/**
 * The value of the environment variable `variable`, which must be one of `names`; the first is the
 * default. Throws a `TypeError` for any other value.
 */
export function choice<Name extends string>(
  variable: string,
  names: readonly [Name, ...Name[]],
): Name {
  const given = process.env[variable];
  if (given === undefined || given === '') return names[0];
  const name = names.find((known) => known === given);
  if (name !== undefined) return name;
  throw new TypeError(`${variable} must be one of ${names.join(', ')}; it is '${given}'`);
}

/**
 * The key that notes the warning. Threads made later see it, and so do all module registries of a
 * test runner.
 */
const SAID = 'barewire.unsupported.said';

function warn(message: string): void {
  if (getEnvironmentData(SAID) === true) return;
  setEnvironmentData(SAID, true);
  const ways = '(BAREWIRE_UNSUPPORTED=silent says nothing of it, =error throws.)';
  process.emitWarning(`${message} The built-in 'net' is used instead. ${ways}`, {
    type: 'BarewireWarning',
    code: 'BAREWIRE_UNSUPPORTED',
  });
}

/**
 * Lets the program go on with the runtime's `net`, with the warning that `BAREWIRE_UNSUPPORTED`
 * asks for. Throws `ERR_BAREWIRE_UNSUPPORTED` if the variable is `error`, and also for a file in
 * `BAREWIRE_NATIVE` that does not load, or in a snapshot.
 */
export function announce(): void {
  const how = choice('BAREWIRE_UNSUPPORTED', UNSUPPORTED);
  const { failure } = native;
  if (failure === null) return;
  const error = unsupported(failure);
  const isMistake = failure.named !== null || failure.obstacle === 'snapshot';
  if (how === 'error' || isMistake) throw error;
  if (how === 'warn') warn(error.message);
}

/** `ERR_BAREWIRE_UNSUPPORTED` for a call that only this package has. */
export function unsupportedCall(call: string): CodedError {
  const { failure } = native;
  const why = failure === null ? '' : ` ${unsupported(failure).message}`;
  const message = `${call} is barewire's own and not to be had here.${why}`;
  return codedError(Error, 'ERR_BAREWIRE_UNSUPPORTED', message);
}

/** Throws `ERR_BAREWIRE_UNSUPPORTED`, naming `call`, where this package can not run. */
export function refuseElsewhere(call: string): void {
  if (native.failure !== null) throw unsupportedCall(call);
}

/** Makes a function that throws when it is called. */
export function refusing(call: string): (...args: never[]) => never {
  return () => {
    throw unsupportedCall(call);
  };
}
