/**
 * Node's `tls` and `http2` put a stream that is not the built-in's into a wrapper, a class of
 * Node's that extends the built-in's socket. That class is what decides whether bytes pass
 * JavaScript; here it is given a parent that answers, for a socket of this package's, with the
 * socket itself, once that stands on a handle of Node's own. For every other stream the parent does
 * what the built-in's class does.
 */
import type builtin from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Socket } from '../socket/socket.js';
import { moveToNative } from './native_move.js';
import { prepareNativeSockets } from './native_socket.js';
import { equipWrapper, type WrapperHandle } from './wrapper_handle.js';

type AnyClass = new (...args: unknown[]) => object;
type Wrapper = AnyClass & { readonly name: string };

const WRAPPER_NAME = 'JSStreamSocket';

/** The socket that Node has begun to wrap. */
let wrapping: Socket | null = null;
/** Whether Node's class was looked for. */
let isLookedFor = false;

/** Node's class of wrappers, or null where this Node has none as we know it. */
function findWrapper(Base: AnyClass): Wrapper | null {
  // Loaded here: who puts a socket under TLS or HTTP/2 has loaded it already.
  const tls = require('node:tls') as { TLSSocket: typeof TLSSocket };
  const { PassThrough }: typeof import('node:stream') = require('node:stream');
  // With a list of authorities, though empty, Node does not load those of the system.
  const probe = new tls.TLSSocket(new PassThrough(), { ca: [], enableTrace: false } as object);
  const { _handle: handle } = probe as TLSSocket & { _handle?: { _parentWrap?: object } | null };
  const found = handle?._parentWrap?.constructor as Wrapper | undefined;
  const keys = Reflect.ownKeys(handle?._parentWrap ?? {});
  const common = new Set(Reflect.ownKeys(new Base()));
  probe.on('error', () => {}).destroy();
  if (found?.name !== WRAPPER_NAME || !(found.prototype instanceof Base)) return null;
  prepareNativeSockets(keys.filter((key) => !common.has(key)));
  return found;
}

/** What takes the place of `Base`, the parent of the class of wrappers. */
function makeParent(Base: AnyClass): AnyClass {
  const parent = function Socket(options: { handle?: WrapperHandle } | undefined): unknown {
    const socket = wrapping;
    wrapping = null;
    if (socket !== null && moveToNative(socket)) return socket;
    const made: unknown = Reflect.construct(Base, [options], new.target);
    if (socket !== null && options?.handle !== undefined) equipWrapper(options.handle, socket);
    return made;
  } as unknown as AnyClass;
  Object.setPrototypeOf(parent, Base);
  return parent;
}

function install(): void {
  isLookedFor = true;
  const { Socket } = require('node:net') as typeof builtin;
  try {
    const Found = findWrapper(Socket as unknown as AnyClass);
    if (Found === null) return;
    // Another copy of this package may have been here before.
    const Base = Object.getPrototypeOf(Found) as AnyClass;
    Object.setPrototypeOf(Found, makeParent(Base));
  } catch {
    // This Node has them otherwise: sockets are wrapped as ever.
  }
}

/** Node is about to wrap `socket`: called when its wrapper has put its listener for `'data'`. */
export function beginWrapping(socket: Socket): void {
  if (!isLookedFor) install();
  wrapping = socket;
}
