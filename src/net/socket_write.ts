/** `socket.write`: Node's own, with a short way for what joins a write that is still gathered. */
import { Duplex } from 'node:stream';
import { kCore, own } from './internals.js';
import type { Socket } from './socket.js';
import type { WriteCallback } from './socket_writer.js';

/** The bytes of a chunk that needs none of Writable's checks; null for any other. */
function plainBytes(chunk: unknown, encoding: unknown): Uint8Array | null {
  if (chunk instanceof Uint8Array) return chunk;
  if (typeof chunk !== 'string') return null;
  if (encoding === undefined || encoding === null || encoding === 'utf8') return Buffer.from(chunk);
  return encoding === 'latin1' ? Buffer.from(chunk, 'latin1') : null;
}

/**
 * A chunk without a callback, written in the handler (or tick) of one that has not left yet, joins
 * that one: Writable would hold it back, and hand it over when the first is done. Everything else
 * goes Node's way.
 */
export function write(
  this: Socket,
  chunk: unknown,
  encoding?: BufferEncoding | WriteCallback,
  callback?: WriteCallback,
): boolean {
  const core = this[kCore];
  if (core?.gathering && callback === undefined && typeof encoding !== 'function') {
    const joins = core.canJoin && this._write === own._write;
    const bytes = joins ? plainBytes(chunk, encoding) : null;
    if (bytes !== null && bytes.length > 0) return core.join(bytes);
  }
  return Duplex.prototype.write.call(this, chunk, encoding as BufferEncoding, callback);
}
