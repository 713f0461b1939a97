/** The process-wide defaults for trying every address of a name. */
import { validateBoolean, validateInt32 } from '../util/validate.js';

const TIMEOUT_MS_MIN = 10;

/** As RFC 8305 recommends it, and as Node's own default. */
let attemptTimeoutMs = 250;
let attemptTimeoutChosen = false;
let autoSelect = true;

/** Whether `connect` tries every address of a name where its options do not say. */
export function getDefaultAutoSelectFamily(): boolean {
  return autoSelect;
}

/** Throws `ERR_INVALID_ARG_TYPE` where `value` is no boolean. */
export function setDefaultAutoSelectFamily(value: boolean): void {
  validateBoolean(value, 'value');
  autoSelect = value;
}

/** Milliseconds an address has before the next one is tried. Default 250. */
export function getDefaultAutoSelectFamilyAttemptTimeout(): number {
  return attemptTimeoutMs;
}

/** At least 10 ms; throws as `validateInt32` where `value` is no positive integer. */
export function setDefaultAutoSelectFamilyAttemptTimeout(value: number): void {
  validateInt32(value, 'value', 1);
  attemptTimeoutMs = Math.max(value, TIMEOUT_MS_MIN);
  attemptTimeoutChosen = true;
}

/** Somebody chose an attempt's time: then it is the time it is given up, as in `node:net`. */
export function attemptTimeoutWasChosen(): boolean {
  return attemptTimeoutChosen;
}

/** The checked value of the option of the same name. */
export function attemptTimeoutOption(value: unknown): number {
  if (value === undefined || value === null) return attemptTimeoutMs;
  validateInt32(value, 'options.autoSelectFamilyAttemptTimeout', 1);
  return Math.max(value, TIMEOUT_MS_MIN);
}
