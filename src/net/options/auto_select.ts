/** The process-wide defaults for trying every address of a name. */
import { validateBoolean, validateInt32 } from '../../util/validate.js';

const TIMEOUT_MS_MIN = 10;

/** Node's own default; RFC 8305, section 5, recommends 250 ms and at most 2 s. */
const TIMEOUT_MS_DEFAULT = 500;

/** The words of Node's command line, those from NODE_OPTIONS first, as Node reads them. */
function nodeFlags(): string[] {
  const fromEnvironment = process.env['NODE_OPTIONS']?.split(/\s+/) ?? [];
  return [...fromEnvironment, ...process.execArgv];
}

function flagOn(name: string, byDefault: boolean): boolean {
  const last = nodeFlags().findLast((flag) => flag === `--${name}` || flag === `--no-${name}`);
  return last === undefined ? byDefault : last === `--${name}`;
}

function flagNumber(name: string): number | undefined {
  const flags = nodeFlags();
  const at = flags.findLastIndex((flag) => flag === name || flag.startsWith(`${name}=`));
  if (at < 0) return undefined;
  const value = Number(flags[at]?.split('=')[1] ?? flags[at + 1]);
  return Number.isInteger(value) && value > 0 ? Math.max(value, TIMEOUT_MS_MIN) : undefined;
}

const flagTimeoutMs = flagNumber('--network-family-autoselection-attempt-timeout');
let attemptTimeoutMs = flagTimeoutMs ?? TIMEOUT_MS_DEFAULT;
let attemptTimeoutChosen = flagTimeoutMs !== undefined;
let autoSelect = flagOn('network-family-autoselection', true);

/** Whether `connect` tries every address of a name where its options do not say. */
export function getDefaultAutoSelectFamily(): boolean {
  return autoSelect;
}

/** Throws `ERR_INVALID_ARG_TYPE` where `value` is no boolean. */
export function setDefaultAutoSelectFamily(value: boolean): void {
  validateBoolean(value, 'value');
  autoSelect = value;
}

/** Milliseconds an address has before the next one is tried. Default 500. */
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
