/**
 * Argument checks that throw the errors that Node's own throw. Each narrows the type it checked.
 */
import { badPort, codedError, invalidArgType, invalidArgValue, outOfRange } from './errors.js';

export function validateString(value: unknown, name: string): asserts value is string {
  if (typeof value !== 'string') throw invalidArgType(name, 'string', value);
}

/** A string for the C library. A NUL in it would cut it short, so it is refused. */
export function validateTextWithoutNul(value: unknown, name: string): asserts value is string {
  validateString(value, name);
  if (value.includes('\0')) {
    throw invalidArgValue(name, value, 'must be a string without null bytes');
  }
}

export function validateNumber(value: unknown, name: string): asserts value is number {
  if (typeof value !== 'number') throw invalidArgType(name, 'number', value);
}

export function validateBoolean(value: unknown, name: string): asserts value is boolean {
  if (typeof value !== 'boolean') throw invalidArgType(name, 'boolean', value);
}

export function validateFunction(
  value: unknown,
  name: string,
): asserts value is (...args: never[]) => unknown {
  if (typeof value !== 'function') throw invalidArgType(name, 'function', value);
}

export function validateObject(value: unknown, name: string): asserts value is object {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw invalidArgType(name, 'object', value);
  }
}

export function validateAbortSignal(value: unknown, name: string): asserts value is AbortSignal {
  if (value === null || typeof value !== 'object' || !('aborted' in value)) {
    throw invalidArgType(name, 'AbortSignal', value);
  }
}

export function validateInt32(
  value: unknown,
  name: string,
  min = -(2 ** 31),
  max = 2 ** 31 - 1,
): asserts value is number {
  validateNumber(value, name);
  if (!Number.isInteger(value)) throw outOfRange(name, 'an integer', value);
  if (value < min || value > max) throw outOfRange(name, `>= ${min} && <= ${max}`, value);
}

/** A port as number or numeric text, 0 to 65535; returned as a number. */
export function validatePort(value: unknown, name = 'Port', allowZero = true): number {
  const usable =
    typeof value === 'number' || (typeof value === 'string' && value.trim().length > 0);
  const port = usable ? Number(value) : Number.NaN;
  if (port !== port >>> 0 || port > 65535 || (port === 0 && !allowZero)) {
    throw badPort(name, value, allowZero);
  }
  return port;
}

const TIMEOUT_MAX_MS = 2 ** 31 - 1;

/** A timer's duration. One beyond a timer's maximum is cut, with Node's warning. */
export function validateDuration(value: unknown, name: string): number {
  validateNumber(value, name);
  if (value < 0 || !Number.isFinite(value)) {
    throw outOfRange(name, 'a non-negative finite number', value);
  }
  if (value > TIMEOUT_MAX_MS) {
    process.emitWarning(
      `${value} does not fit into a 32-bit signed integer.` +
        `\nTimer duration was truncated to ${TIMEOUT_MAX_MS}.`,
      'TimeoutOverflowWarning',
    );
    return TIMEOUT_MAX_MS;
  }
  return value;
}

/** The `AbortError` for an aborted `signal`, with the signal's reason as its `cause`. */
export function abortError(signal: AbortSignal): Error {
  const error = codedError(Error, 'ABORT_ERR', 'The operation was aborted');
  Object.defineProperty(error, 'name', { value: 'AbortError', configurable: true, writable: true });
  error.cause = signal.reason;
  return error;
}
