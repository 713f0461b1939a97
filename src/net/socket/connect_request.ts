/** From `connect`'s options, checked as `node:net` checks them, to what connecting needs. */
import type { DialTarget, Lookup } from '../../dial/target.js';
import type { Stream } from '../../transport/stream.js';
import { invalidArgType, invalidArgValue, invalidIpAddress, ipBlocked } from '../../util/errors.js';
import { isIP } from '../../util/ip.js';
import {
  validateBoolean,
  validateFunction,
  validateNumber,
  validatePort,
  validateString,
  validateTextWithoutNul,
} from '../../util/validate.js';
import type { BoundEnd } from '../addresses/bound_socket.js';
import {
  attemptTimeoutOption,
  attemptTimeoutWasChosen,
  getDefaultAutoSelectFamily,
} from '../options/auto_select.js';
import type { BlockListLike, LooseConnectOptions } from '../options/socket_options.js';

function familyNumber(family: unknown): number | undefined {
  if (family === 'IPv4') return 4;
  if (family === 'IPv6') return 6;
  return family as number | undefined;
}

function portNumber(port: unknown): number {
  if (port === undefined) return 0;
  if (typeof port !== 'number' && typeof port !== 'string') {
    throw invalidArgType('options.port', ['number', 'string'], port);
  }
  return validatePort(port);
}

function tryEvery(option: unknown): boolean {
  if (option === undefined || option === null) return getDefaultAutoSelectFamily();
  validateBoolean(option, 'options.autoSelectFamily');
  return option;
}

function blocked(list: BlockListLike | undefined): DialTarget['refuse'] {
  if (list === undefined) return null;
  return ({ address, family }) =>
    list.check(address, family === 6 ? 'ipv6' : 'ipv4') ? ipBlocked(address) : null;
}

function dialTarget(
  options: LooseConnectOptions,
  blockList: BlockListLike | undefined,
  bound: Stream | null,
): DialTarget {
  const { localAddress, localPort, autoSelectFamily, autoSelectFamilyAttemptTimeout } = options;
  const host = options.host || 'localhost';
  validateTextWithoutNul(host, 'options.host');
  if (localAddress && !isIP(localAddress)) throw invalidIpAddress(localAddress);
  if (localPort) validateNumber(localPort, 'options.localPort');
  const port = portNumber(options.port);
  const every = tryEvery(autoSelectFamily);
  const attemptTimeoutMs = attemptTimeoutOption(autoSelectFamilyAttemptTimeout);
  if (options.lookup !== undefined && options.lookup !== null && isIP(host) === 0) {
    validateFunction(options.lookup, 'options.lookup');
  }
  const chosen = (autoSelectFamilyAttemptTimeout ?? null) !== null;
  return {
    host,
    port,
    family: familyNumber(options.family),
    hints: (options.hints as number | undefined) || 0,
    lookup: (options.lookup as Lookup | undefined | null) ?? null,
    localAddress: (localAddress as string | undefined) || undefined,
    localPort: (localPort as number | undefined) || undefined,
    every: every && !localAddress && bound === null,
    attemptTimeoutMs,
    serial: chosen || attemptTimeoutWasChosen(),
    bound,
    refuse: blocked(blockList),
  };
}

/** What `socket.connect` was asked for: a UNIX path, or a host and port. */
export type ConnectRequest =
  | { readonly to: 'path'; readonly path: string }
  | { readonly to: 'host'; readonly target: DialTarget };

/** What the request needs to know of the connection that is to be made. */
interface Connecting {
  readonly unconnected: boolean;
  readonly stream: Stream | null;
  readonly extras: { readonly bound: BoundEnd | null };
}

/** Throws `TypeError`s and `RangeError`s with Node's codes where an option is no good. */
export function connectRequest(
  connection: Connecting,
  options: LooseConnectOptions,
  blockList: BlockListLike | undefined,
): ConnectRequest {
  const { unconnected, extras, stream } = connection;
  // What it is bound to tells what a bound socket connects to.
  const toPath = unconnected ? extras.bound?.path !== undefined : Boolean(options.path);
  if (toPath) {
    validateString(options.path, 'options.path');
    return { to: 'path', path: options.path };
  }
  const { localAddress, localPort } = options;
  if (unconnected && (localAddress !== undefined || localPort !== undefined)) {
    const reason = 'localAddress and localPort cannot be used with an adopted bound socket';
    throw invalidArgValue('options', { ...options }, reason);
  }
  return { to: 'host', target: dialTarget(options, blockList, stream) };
}
