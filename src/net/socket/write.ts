/** `socket.write`: Node's own, with a short way for what joins a write that is still gathered. */
import { AsyncResource } from 'node:async_hooks';
import { Duplex } from 'node:stream';
import type { Connection } from '../connection/connection.js';
import type { WriteCallback } from '../connection/duplex.js';
import { detachFromCaller } from '../connection/outgoing.js';
import { writesItself } from '../connection/overrides.js';
import { kConnection } from '../symbols.js';
import type { SocketSurface as Socket } from './surface.js';

/** The bytes of a chunk that needs none of Writable's checks; null for any other. */
function plainBytes(chunk: unknown, encoding: unknown): Uint8Array | null {
  const isUtf8 = encoding === undefined || encoding === null || encoding === 'utf8';
  if (isUtf8 && chunk instanceof Uint8Array) return chunk;
  if (typeof chunk !== 'string') return null;
  if (isUtf8) return Buffer.from(chunk);
  return encoding === 'latin1' ? Buffer.from(chunk, 'latin1') : null;
}

const byHand = { requireManualDestroy: true };

function callBack(connection: Connection, callback: WriteCallback, error?: Error | null): void {
  try {
    callback(error);
  } catch (thrown) {
    connection.host.kernel.hookReport(thrown);
  }
}

/**
 * A user's callback, to run in the asynchronous context it was given in. What it throws is uncaught
 * but does not keep Writable from its work behind it.
 */
function guarded(connection: Connection, callback: WriteCallback): WriteCallback {
  const resource = new AsyncResource('WRITEWRAP', byHand);
  return (error) => {
    resource.runInAsyncScope(callBack, undefined, connection, callback, error);
    resource.emitDestroy();
  };
}

// Taken now: a program may put another in its place.
const { toString: sourceOf } = Function.prototype;

/** The last function that was found to do nothing. */
let nothing: unknown;

/**
 * Whether calling `callback` would do nothing, as its source says: `http` up to Node 24 gives such
 * a one with each answer, under this name.
 */
function doesNothing(callback: WriteCallback): boolean {
  if (callback === nothing) return true;
  if (callback.name !== 'nop' || Reflect.apply(sourceOf, callback, []) !== '() => {}') return false;
  nothing = callback;
  return true;
}

/**
 * A chunk without a callback, written in the handler (or tick) of one that has not left yet, joins
 * that one: Writable would hold it back, and hand it over when the first is done. Everything else
 * goes Node's way. As there, when this returns the chunk's memory may be used again, unless the
 * kernel's buffer is full.
 */
export function write(
  this: Socket,
  chunk: unknown,
  encoding?: BufferEncoding | WriteCallback,
  callback?: WriteCallback,
): boolean {
  const connection = this[kConnection];
  const name = typeof encoding === 'function' ? undefined : encoding;
  const given = typeof encoding === 'function' ? encoding : callback;
  let told: WriteCallback | undefined;
  if (typeof given === 'function' && connection !== undefined && !doesNothing(given)) {
    told = guarded(connection, given);
    connection.hasCallbacks = true;
  }
  if (told === undefined && connection?.canJoin && writesItself(this)) {
    const bytes = plainBytes(chunk, name);
    if (bytes !== null && bytes.length > 0) return connection.join(bytes);
  }
  const kept = connection === undefined ? chunk : detachFromCaller(connection, chunk);
  return Duplex.prototype.write.call(this, kept, name as BufferEncoding, told);
}

/** A callback of `end`, to run in the asynchronous context it was given in. */
function inItsContext(callback: WriteCallback): WriteCallback {
  const resource = new AsyncResource('SHUTDOWNWRAP', { requireManualDestroy: true });
  return (error) => {
    resource.runInAsyncScope(callback, undefined, error);
    resource.emitDestroy();
  };
}

/** `socket.end`: Node's own. The last chunk's memory is as free as that of any other. */
export function end(this: Socket, chunk?: unknown, encoding?: unknown, callback?: unknown): Socket {
  const given = [chunk, encoding, callback];
  const at = given.findIndex((argument) => typeof argument === 'function');
  const [last, name] = at < 0 ? given : given.slice(0, at);
  const told = at < 0 ? undefined : inItsContext(given[at] as WriteCallback);
  const connection = this[kConnection];
  const kept = connection === undefined ? last : detachFromCaller(connection, last);
  Duplex.prototype.end.call(this, kept, name as BufferEncoding, told);
  return this;
}
