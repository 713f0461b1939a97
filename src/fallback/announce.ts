/** What is said where this package can not run: one warning, nothing, or an error. */
import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads';
import { native, unsupported } from '../sys/binding.js';
import { type CodedError, codedError } from '../util/errors.js';

/** `BAREWIRE_UNSUPPORTED`: whether the runtime's `net` does instead, and whether that is said. */
export const UNSUPPORTED = ['warn', 'silent', 'error'] as const;

/** One of `names`, the first of which is the default. Throws a `TypeError` for anything else. */
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

/** Threads that are made later find it; the registries of test runners all share it. */
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
 * Lets the program go on with the runtime's `net`, and says so as `BAREWIRE_UNSUPPORTED` has it.
 * Throws `ERR_BAREWIRE_UNSUPPORTED` where that is `error`, or where the program asks for what can
 * not be: a file in `BAREWIRE_NATIVE` that does not load, or a snapshot.
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

/** Something that is called, and throws for being so. */
export function refusing(call: string): (...args: never[]) => never {
  return () => {
    throw unsupportedCall(call);
  };
}
