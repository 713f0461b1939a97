/** From `listen`'s options, checked as `node:net` checks them, to what listening needs. */
import { invalidArgValue } from '../../util/errors.js';
import { option } from '../../util/options.js';
import { validatePort } from '../../util/validate.js';
import type { BoundSocket } from '../addresses/bound_socket.js';
import { isBoundSocket } from '../addresses/is_bound_socket.js';
import { isPath, toCount } from '../options/arguments.js';
import type { LooseListenOptions } from '../options/server_options.js';

/** How many connections wait to be accepted, where nobody says. */
export const BACKLOG = 511;
const BACKLOG_MAX = 2 ** 31 - 1;

/** What is asked for, whatever the server listens on. */
interface Wishes {
  readonly backlog: number;
  /** A port that cluster's workers do not share with each other. */
  readonly exclusive: boolean;
  readonly ipv6Only: boolean;
  readonly reusePort: boolean;
  readonly readableAll: boolean;
  readonly writableAll: boolean;
}

/** A port, of the address or name `host`; of any address where that is null. */
export interface PortRequest extends Wishes {
  readonly on: 'port';
  readonly host: string | null;
  readonly port: number;
}

/** A UNIX path, or an abstract name that begins with NUL. */
export interface PathRequest extends Wishes {
  readonly on: 'path';
  readonly path: string;
}

/** A descriptor of somebody else's: given as a number, or by an object that has it. */
export interface DescriptorRequest extends Wishes {
  readonly on: 'descriptor';
  readonly fd: number;
  readonly isNumber: boolean;
}

/** A `BoundSocket`. */
export interface BoundRequest extends Wishes {
  readonly on: 'bound';
  readonly bound: BoundSocket;
}

/** What `server.listen` was asked for. */
export type ListenRequest = PortRequest | PathRequest | DescriptorRequest | BoundRequest;

/** `listen(bound)` or `listen({handle: bound})`. */
function boundSocketIn(options: LooseListenOptions): BoundSocket | null {
  if (isBoundSocket(options)) return options;
  return isBoundSocket(options.handle) ? options.handle : null;
}

/** Something with a descriptor in it: a server, a socket, a handle, `{fd}`. */
function descriptorOf(options: LooseListenOptions): number {
  const handle: unknown = options._handle ?? options.handle ?? options;
  const fd: unknown = option(Object(handle) as { fd?: unknown }, 'fd');
  return typeof fd === 'number' && fd >= 0 ? fd : -1;
}

/** A whole number of 32 bits, as listen(2) takes it; 0 where `value` is no count. */
function backlogOf(value: unknown): number {
  return Math.min(Math.trunc(toCount(value) || 0), BACKLOG_MAX);
}

function pathRequest(wishes: Wishes, path: string, options: LooseListenOptions): PathRequest {
  const opensToAll = options.readableAll || options.writableAll;
  if (path.startsWith('\0') && opensToAll) {
    // "writableAllt" is in Node's own message, and programs may look for it.
    const reason =
      'can not set readableAll or writableAllt to true when path is abstract unix socket';
    throw invalidArgValue('options', { ...options }, reason);
  }
  return { ...wishes, on: 'path', path };
}

/**
 * What is asked for by `options`, which is what `given` has of options; by `backlogArgument`, which
 * stood behind them; and by the count of arguments. Throws `ERR_SOCKET_BAD_PORT` and
 * `ERR_INVALID_ARG_VALUE`.
 */
export function listenRequest(
  given: LooseListenOptions,
  options: LooseListenOptions,
  backlogArgument: number,
  argumentCount: number,
): ListenRequest {
  const wishes: Wishes = {
    backlog: backlogOf(options.backlog || backlogArgument) || BACKLOG,
    exclusive: Boolean(options.exclusive),
    ipv6Only: options.ipv6Only === true,
    reusePort: options.reusePort === true,
    readableAll: Boolean(options.readableAll),
    writableAll: Boolean(options.writableAll),
  };
  const bound = boundSocketIn(given);
  if (bound !== null) return { ...wishes, on: 'bound', bound };
  const fd = descriptorOf(options);
  if (fd >= 0) return { ...wishes, on: 'descriptor', fd, isNumber: fd === options.fd };
  const anyPort =
    argumentCount === 0 ||
    options.port === null ||
    (options.port === undefined && 'port' in options);
  const wanted = anyPort ? 0 : options.port;
  if (typeof wanted === 'number' || typeof wanted === 'string') {
    const port = validatePort(wanted, 'options.port');
    return { ...wishes, on: 'port', port, host: options.host || null };
  }
  if (options.path && isPath(options.path)) return pathRequest(wishes, options.path, options);
  if (!('port' in options || 'path' in options)) {
    throw invalidArgValue('options', given, 'must have the property "port" or "path"');
  }
  throw invalidArgValue('options', given);
}
