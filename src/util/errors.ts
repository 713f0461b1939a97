/**
 * Node-shaped errors for bad arguments and bad states. They have the classes, codes and messages
 * of `node:net`, so that code which matches on them keeps working.
 */
import { inspect } from 'node:util';

/** An error with Node's stable `code`, as every error of this package has. */
export interface CodedError extends Error {
  code: string;
}

type ErrorClass = new (message: string) => Error;

/** The most calls of this package between a user's line and the error. */
const OWN = 24;
const FRAME = /^ {4}at /;
/**
 * Matches the path of this file: in a clone, in the published package, and in source maps of both.
 */
const THIS_FILE =
  /\(?([^( ]*[\\/])(?:dist[\\/](?:together|util[\\/]errors)\.js|src[\\/]util[\\/]errors\.ts):/;

/** The folders of this package's own files; null if they can not be told from a user's. */
let ownFolders: readonly string[] | null | undefined;

function findOwnFolders(frame: string): readonly string[] | null {
  const root = THIS_FILE.exec(frame)?.[1];
  return root === undefined ? null : ['dist', 'src'].map((name) => `${root}${name}`);
}

/**
 * Cuts a stack trace so that it begins with the line that called this package. If Node shows
 * source lines, the function called there stays as the first frame. The trace stays as it is if it
 * has no such line, or if a bundler put everything into one file.
 */
function fromCaller(stack: string, limit: number): string {
  const lines = stack.split('\n');
  const first = lines.findIndex((line) => FRAME.test(line));
  if (first < 0) return stack;
  const frames = lines.slice(first);
  ownFolders ??= findOwnFolders(frames[0] ?? '');
  const own = ownFolders ?? [];
  const isOwn = (frame: string): boolean => own.some((folder) => frame.includes(folder));
  const isNodes = (frame: string): boolean => /node:|<anonymous>|\(native/.test(frame);
  const caller = frames.findIndex((frame) => !isOwn(frame) && !isNodes(frame));
  const called = frames.slice(0, Math.max(caller, 0)).findLastIndex(isOwn);
  const from = called < 0 || process.sourceMapsEnabled ? Math.max(called, 0) : called + 1;
  return [...lines.slice(0, first), ...frames.slice(from, from + limit)].join('\n');
}

/**
 * Makes an error that prints as Node's do: `TypeError [CODE]: message` in the stack, with `name`
 * left alone and `code` as an own property.
 */
export function codedError(Base: ErrorClass, code: string, message: string): CodedError {
  const { stackTraceLimit } = Error;
  const deep = stackTraceLimit > 0 && Reflect.set(Error, 'stackTraceLimit', stackTraceLimit + OWN);
  const error = new Base(message);
  const name = error.name;
  Object.defineProperty(error, 'name', {
    value: `${name} [${code}]`,
    configurable: true,
    writable: true,
  });
  // Reading the stack now fixes its text, with the code in it. Then the old name is put back.
  const { stack } = error;
  if (deep) {
    Error.stackTraceLimit = stackTraceLimit;
    if (typeof stack === 'string') error.stack = fromCaller(stack, stackTraceLimit);
  }
  Reflect.deleteProperty(error, 'name');
  Object.defineProperty(error, 'toString', {
    value(this: Error) {
      return `${this.name} [${code}]: ${this.message}`;
    },
    configurable: true,
    writable: true,
  });
  return Object.assign(error, { code });
}

function receivedText(value: unknown): string {
  if (value === null || value === undefined) return ` Received ${value}`;
  if (typeof value === 'function') return ` Received function ${value.name}`;
  if (typeof value === 'object') {
    const name = (value.constructor as { name?: string } | undefined)?.name;
    if (name) return ` Received an instance of ${name}`;
    return ` Received ${inspect(value, { depth: -1 })}`;
  }
  let text = inspect(value, { colors: false });
  if (text.length > 28) text = `${text.slice(0, 25)}...`;
  return ` Received type ${typeof value} (${text})`;
}

const PRIMITIVES = new Set([
  'bigint',
  'boolean',
  'function',
  'number',
  'object',
  'string',
  'symbol',
]);

const CLASS_NAME = /^(?:[A-Z][a-z0-9]*)+$/;

function expectedText(expected: readonly string[]): string {
  const types = expected.filter((name) => PRIMITIVES.has(name.toLowerCase()));
  const rest = expected.filter((name) => !PRIMITIVES.has(name.toLowerCase()));
  const classes = rest.filter((name) => CLASS_NAME.test(name));
  const others = rest.filter((name) => !CLASS_NAME.test(name));
  const list = (words: readonly string[]): string =>
    words.length <= 2 ? words.join(' or ') : `${words.slice(0, -1).join(', ')}, or ${words.at(-1)}`;
  const parts: string[] = [];
  if (types.length > 0) {
    const lower = types.map((name) => name.toLowerCase());
    parts.push(lower.length > 1 ? `one of type ${list(lower)}` : `of type ${lower[0]}`);
  }
  if (classes.length > 0) parts.push(`an instance of ${list(classes)}`);
  if (others.length > 0) {
    const article = others.length === 1 && /[A-Z]/.test(others[0] ?? '') ? 'an ' : '';
    parts.push(article + list(others));
  }
  return parts.join(' or ');
}

function subject(name: string): string {
  if (name.endsWith(' argument')) return `The ${name}`;
  return `The "${name}" ${name.includes('.') ? 'property' : 'argument'}`;
}

/** `ERR_INVALID_ARG_TYPE`: `expected` are type names (`string`) or class names (`AbortSignal`). */
export function invalidArgType(
  name: string,
  expected: string | readonly string[],
  value: unknown,
): CodedError {
  const list = typeof expected === 'string' ? [expected] : expected;
  const message = `${subject(name)} must be ${expectedText(list)}.${receivedText(value)}`;
  return codedError(TypeError, 'ERR_INVALID_ARG_TYPE', message);
}

/** `ERR_INVALID_ARG_VALUE`: the right type, with a value that makes no sense. */
export function invalidArgValue(name: string, value: unknown, reason = 'is invalid'): CodedError {
  let text = inspect(value);
  if (text.length > 128) text = `${text.slice(0, 128)}...`;
  const kind = name.includes('.') ? 'property' : 'argument';
  const message = `The ${kind} '${name}' ${reason}. Received ${text}`;
  return codedError(TypeError, 'ERR_INVALID_ARG_VALUE', message);
}

function groupDigits(value: number): string {
  const text = String(value);
  if (!Number.isInteger(value) || Math.abs(value) <= 2 ** 32) return text;
  return text.replace(/\B(?=(\d{3})+$)/g, '_');
}

/** `ERR_OUT_OF_RANGE`: `range` says what is allowed, as in `>= 0 && <= 255`. */
export function outOfRange(name: string, range: string, value: unknown): CodedError {
  const received = typeof value === 'number' ? groupDigits(value) : inspect(value);
  const message =
    `The value of "${name}" is out of range. It must be ${range}. ` + `Received ${received}`;
  return codedError(RangeError, 'ERR_OUT_OF_RANGE', message);
}

/** `ERR_SOCKET_BAD_PORT`: the port is not an integer from 0 to 65535. */
export function badPort(name: string, value: unknown, allowZero = true): CodedError {
  const range = allowZero ? '>=' : '>';
  const message = `${name} should be ${range} 0 and < 65536.${receivedText(value)}.`;
  return codedError(RangeError, 'ERR_SOCKET_BAD_PORT', message);
}

/** `ERR_MISSING_ARGS`: one of `names` is required. */
export function missingArgs(names: readonly string[]): CodedError {
  const list = names.map((name) => `"${name}"`).join(' or ');
  return codedError(TypeError, 'ERR_MISSING_ARGS', `The ${list} argument must be specified`);
}

const STATES: Readonly<Record<string, readonly [ErrorClass, string]>> = {
  ERR_SERVER_ALREADY_LISTEN: [
    Error,
    'Listen method has been called more than once without closing.',
  ],
  ERR_SERVER_NOT_RUNNING: [Error, 'Server is not running.'],
  ERR_STREAM_DESTROYED: [Error, 'Cannot call write after a stream was destroyed'],
  ERR_SOCKET_CLOSED: [Error, 'Socket is closed'],
  ERR_SOCKET_CLOSED_BEFORE_CONNECTION: [
    Error,
    'Socket closed before the connection was established',
  ],
  ERR_SOCKET_CONNECTION_TIMEOUT: [Error, 'Socket connection timeout'],
  ERR_INVALID_HANDLE_TYPE: [TypeError, 'This handle type cannot be sent'],
  ERR_SOCKET_HANDLE_ADOPTED: [
    Error,
    'The bound socket has already been adopted by a server or socket',
  ],
};

/** An error about the state of a socket or server; its code fixes its text. */
export function stateError(code: keyof typeof STATES): CodedError {
  const [Base, message] = STATES[code] ?? [Error, String(code)];
  return codedError(Base, String(code), message);
}

/** `ERR_INVALID_IP_ADDRESS`. */
export function invalidIpAddress(value: unknown): CodedError {
  return codedError(TypeError, 'ERR_INVALID_IP_ADDRESS', `Invalid IP address: ${String(value)}`);
}

/** `ERR_INVALID_ADDRESS_FAMILY`: a lookup gave a family that is neither 4 nor 6. */
export function invalidAddressFamily(family: unknown, host: unknown, port: unknown): CodedError {
  const message = `Invalid address family: ${String(family)} ${String(host)}:${String(port)}`;
  const error = codedError(RangeError, 'ERR_INVALID_ADDRESS_FAMILY', message);
  return Object.assign(error, { host, port });
}

/** `ERR_IP_BLOCKED`: the address is in the socket's block list. */
export function ipBlocked(address: string): CodedError {
  return codedError(Error, 'ERR_IP_BLOCKED', `IP(${address}) is blocked by net.BlockList`);
}

/** `ERR_INVALID_FD_TYPE`: the descriptor is neither a stream socket nor a pipe. */
export function invalidFdType(type: string): CodedError {
  return codedError(TypeError, 'ERR_INVALID_FD_TYPE', `Unsupported fd type: ${type}`);
}
