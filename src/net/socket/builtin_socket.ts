/**
 * Sockets of this package that go on as the built-in's: for a handle of Node's own, which only the
 * built-in can work with, and for mocks that replace the inner parts of the built-in's sockets.
 */
import type * as builtin from 'node:net';
import { Stream } from '../../transport/stream.js';
import { stateError } from '../../util/errors.js';
import { isBoundSocket } from '../addresses/is_bound_socket.js';
import { SocketHandle } from '../connection/handle.js';
import { own } from '../connection/overrides.js';
import { kConnection } from '../symbols.js';
import type { SocketSurface as Socket } from './surface.js';

/** The prototype of this package's own class; set when that is made. */
export const root: { prototype: object | null } = { prototype: null };

/** Whether a socket that is made to connect shall be the built-in's; null: never. */
export const standIn: { wanted: (() => boolean) | null } = { wanted: null };

function builtinPrototype(): builtin.Socket {
  // Loaded here: a program that needs none of this shall not pay for it.
  return (require('node:net') as typeof builtin).Socket.prototype;
}

/** For each class that extends this package's: its methods, over the built-in's. */
const derived = new WeakMap<object, object>();

/** What stands for `prototype` once the built-in's takes the place of this package's. */
function overBuiltin(prototype: object): object {
  if (prototype === root.prototype) return builtinPrototype();
  const known = derived.get(prototype);
  if (known !== undefined) return known;
  const under = overBuiltin(Object.getPrototypeOf(prototype) as object);
  const made: object = Object.create(under, Object.getOwnPropertyDescriptors(prototype));
  derived.set(prototype, made);
  return made;
}

/**
 * Makes `socket` one of the built-in's, with its identity, listeners and properties. Throws what
 * the built-in's constructor throws.
 */
export function becomeBuiltin(socket: Socket, options: object): void {
  Object.setPrototypeOf(socket, overBuiltin(Object.getPrototypeOf(socket) as object));
  const { constructor: initialise } = builtinPrototype();
  Reflect.apply(initialise, socket, [options]);
}

/**
 * As `becomeBuiltin`, for a socket that has been in use and is not connected: what it was told and
 * what it holds goes along. Returns false, and does nothing, where it is connected.
 */
export function goOnAsBuiltin(socket: Socket): boolean {
  const connection = socket[kConnection];
  if (connection === undefined || connection.open) return false;
  const { _readableState, _writableState, allowHalfOpen, timeout } = socket;
  const { userRead, referenced } = connection;
  const { settings } = connection.extras;
  const onread = userRead && {
    buffer: userRead.generate ?? userRead.memory,
    callback: userRead.callback,
  };
  connection.setIdleTimeout(0);
  socket.removeListener('end', own.onPeerEnded as () => void);
  Reflect.deleteProperty(socket, kConnection);
  const told = settings && {
    noDelay: settings.noDelay,
    keepAlive: settings.keepAlive,
    keepAliveInitialDelay: settings.keepAliveDelaySeconds * 1000,
  };
  becomeBuiltin(socket, { allowHalfOpen, ...(onread && { onread }), ...told });
  // Node's own objects: what is buffered, who listens, where it is piped to.
  Object.assign(socket, { _readableState, _writableState });
  if (timeout) socket.setTimeout(timeout);
  if (!referenced) socket.unref();
  return true;
}

/** The options of `new Socket`, as far as they matter here. */
interface Given {
  readonly handle?: unknown;
  readonly fd?: number | undefined;
}

/**
 * Whether these options make a socket of the built-in's. Throws `ERR_INVALID_HANDLE_TYPE` for what
 * can not be read from: that would be a socket on which nothing ever happens.
 */
export function asksForBuiltin(options: Given): boolean {
  const { handle, fd } = options;
  if (typeof handle === 'object' && handle !== null) {
    if (handle instanceof Stream || handle instanceof SocketHandle) return false;
    if (isBoundSocket(handle)) return false;
    // Tests pass an object literal, and look at which of its methods a socket calls. A socket of
    // this package calls them.
    if ('readStart' in handle) return Object.getPrototypeOf(handle) !== Object.prototype;
    throw stateError('ERR_INVALID_HANDLE_TYPE');
  }
  return standIn.wanted !== null && fd === undefined && standIn.wanted();
}
