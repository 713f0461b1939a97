/**
 * Sockets of this package that go on as the built-in's: for a handle of Node's own, which only the
 * built-in can work with, and for mocks that replace the inner parts of the built-in's sockets.
 */
import type * as builtin from 'node:net';
import { Stream } from '../../transport/stream.js';
import { stateError } from '../../util/errors.js';
import { isBoundSocket } from '../addresses/is_bound_socket.js';
import { SocketHandle } from '../connection/handle.js';
import type { SocketSettings } from '../connection/kernel_options.js';
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

/** For this package's class and each that extends it: its methods, over the built-in's. */
const derived = new WeakMap<object, object>();

/** This package's class over the built-in's: what users know it by stays. */
function rootOverBuiltin(): object {
  const value = { value: root.prototype?.constructor, writable: true, configurable: true };
  return Object.create(builtinPrototype(), { constructor: value }) as object;
}

/** What stands for `prototype` once the built-in's takes the place of this package's. */
export function overBuiltin(prototype: object): object {
  const known = derived.get(prototype);
  if (known !== undefined) return known;
  if (prototype === root.prototype) {
    const made = rootOverBuiltin();
    derived.set(prototype, made);
    return made;
  }
  const under = overBuiltin(Object.getPrototypeOf(prototype) as object);
  const made: object = Object.create(under, Object.getOwnPropertyDescriptors(prototype));
  derived.set(prototype, made);
  return made;
}

const ordinary = Function.prototype[Symbol.hasInstance];

/** `instanceof`: what became one of the built-in's is still what it was made as. */
export function hasInstance(this: unknown, candidate: unknown): boolean {
  if (ordinary.call(this as () => void, candidate)) return true;
  const { prototype } = this as { prototype?: object };
  const stand = prototype === undefined ? undefined : derived.get(prototype);
  return stand !== undefined && Object.prototype.isPrototypeOf.call(stand, Object(candidate));
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

/** What was set, as the built-in's options have it. */
function told(settings: SocketSettings | null): object {
  if (settings === null) return {};
  const { noDelay, keepAlive, keepAliveDelaySeconds, typeOfService } = settings;
  const options = { noDelay, keepAlive, keepAliveInitialDelay: keepAliveDelaySeconds * 1000 };
  return typeOfService === undefined ? options : { ...options, typeOfService };
}

/** Where an emitter keeps what `init` would make anew. */
function emitterState(socket: Socket): object {
  const kept: Record<PropertyKey, unknown> = {};
  for (const key of Reflect.ownKeys(socket)) {
    const isKept = key === 'domain' || (typeof key === 'symbol' && key.description === 'kCapture');
    if (isKept) kept[key] = Reflect.get(socket, key);
  }
  return kept;
}

let reserved: Readonly<Record<PropertyKey, undefined>> | null = null;

/**
 * The properties that the built-in's constructor gives an object. Given beforehand and at once, V8
 * keeps them in the fast form; one by one, under symbols, they would make the object slow.
 */
function reserveProperties(socket: Socket): void {
  if (reserved === null) {
    const { constructor: Builtin } = builtinPrototype();
    const keys = Reflect.ownKeys(Reflect.construct(Builtin, []) as object);
    const own = keys.filter((key) => !Object.hasOwn(socket, key));
    reserved = Object.fromEntries(own.map((key) => [key, undefined]));
  }
  Object.assign(socket, reserved);
}

/**
 * Makes `socket`, which has been in use, one of the built-in's, on the handle that `options` name.
 * What it was told and what it holds goes along; its connection is nobody's then.
 */
export function goOnWith(socket: Socket, options: object): void {
  const connection = socket[kConnection];
  const { _readableState, _writableState, allowHalfOpen, timeout, connecting } = socket;
  const { server, _server, _host } = socket;
  const kept = emitterState(socket);
  connection.setIdleTimeout(0);
  socket.removeListener('end', own.onPeerEnded as () => void);
  // Not deleted, which would make it slow for as long as it lives.
  Reflect.set(socket, kConnection, undefined);
  reserveProperties(socket);
  becomeBuiltin(socket, { ...told(connection.extras.settings), allowHalfOpen, ...options });
  // Node's own objects: what is buffered, who listens, where it is piped to.
  Object.assign(socket, { _readableState, _writableState, connecting }, kept);
  Object.assign(socket, { server, _server, _host });
  if (timeout) socket.setTimeout(timeout);
  if (!connection.referenced) socket.unref();
}

/**
 * As `becomeBuiltin`, for a socket that has been in use and is not connected. Returns false, and
 * does nothing, where it is connected.
 */
export function goOnAsBuiltin(socket: Socket): boolean {
  const connection = socket[kConnection];
  if (connection === undefined || connection.open) return false;
  const { userRead } = connection;
  const onread = userRead && {
    buffer: userRead.generate ?? userRead.memory,
    callback: userRead.callback,
  };
  goOnWith(socket, onread ? { onread } : {});
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
