/**
 * The reading half of a connection: bytes on their way from the transport to whoever listens. They
 * are emitted straight while the socket flows, and pushed into Node's Readable otherwise.
 */
import type { Stream } from '../../transport/stream.js';
import type { Buffering } from '../../transport/stream_owner.js';
import { ownCopy } from '../../util/view.js';
import { BUILTIN_READ_BYTES } from '../node/builtin_read.js';
import { emitsPlainly } from '../node/emit.js';
import { markDataEmitted } from '../node/stream_state.js';
import { isUnderTls, isWrapper, yieldToTls } from '../node/tls_wrap.js';
import type { DuplexSurface } from './duplex.js';
import type { Extras } from './extras.js';

/** One smaller piece lies in memory of up to 16 KiB, which is little for a connection. */
const LASTING_BYTES = 8 * 1024;

/** What the reading half has of its connection. */
export interface Incoming {
  readonly socket: DuplexSurface;
  readonly stream: Stream | null;
  readonly extras: Readonly<Extras>;
  /** A read or a write happened. */
  active(): void;
}

/** Whether nothing is between the kernel and who listens for `'data'`. */
export function flows(socket: DuplexSurface): boolean {
  const state = socket._readableState;
  return (
    state.flowing === true &&
    state.length === 0 &&
    state.decoder === null &&
    !state.ended &&
    !socket.destroyed
  );
}

/**
 * Where bytes that nobody takes would wait: in this socket's Readable where that does not flow, or
 * in that of TLS above it, which takes all it gets.
 */
export function bufferingOf(socket: DuplexSurface): Buffering {
  if (socket._readableState.flowing !== true) return 'here';
  const { data } = socket._events;
  const underTls = typeof data === 'function' ? isWrapper(data) : isUnderTls(socket);
  return underTls ? 'behind' : null;
}

/** Bytes came. */
export function onBytes(connection: Incoming, chunk: Buffer): void {
  const { socket } = connection;
  const state = socket._readableState;
  connection.active();
  const { data } = socket._events;
  // What listenerCount() would look up by name, for every read.
  const listeners = data === undefined ? 0 : typeof data === 'function' ? 1 : data.length;
  if (listeners > 1 || (listeners === 1 && (state.decoder !== null || !state.flowing))) {
    yieldToTls(socket);
  }
  if (listeners > 0 && flows(socket)) {
    // What push() does in this case, without the tick that it schedules for each chunk.
    markDataEmitted(state);
    if (typeof data === 'function' && emitsPlainly(socket)) Reflect.apply(data, socket, [chunk]);
    else socket.emit('data', chunk);
  } else if (!socket.push(portion(connection, chunk))) {
    connection.stream?.stopReading();
  }
}

/**
 * What a Readable that does not flow gets of a chunk; the stream keeps the rest. A reader that
 * takes a part of more than the high-water mark would never hear `'readable'` again.
 */
function portion({ stream, socket }: Incoming, chunk: Buffer): Buffer {
  if (socket._readableState.flowing === true) return chunk;
  if (chunk.length <= BUILTIN_READ_BYTES || stream === null) return lasting(socket, chunk);
  stream.unread(chunk.subarray(BUILTIN_READ_BYTES));
  return lasting(socket, chunk.subarray(0, BUILTIN_READ_BYTES));
}

/** `chunk` where it keeps little else alive for as long as it waits to be read, or a copy. */
function lasting(socket: DuplexSurface, chunk: Buffer): Buffer {
  const { length, decoder } = socket._readableState;
  if (decoder !== null || (length === 0 && chunk.length < LASTING_BYTES)) return chunk;
  return chunk.buffer.byteLength > chunk.length ? ownCopy(chunk) : chunk;
}

/** The peer's FIN came, behind all its bytes. */
export function onEnd(connection: Incoming): void {
  const { socket } = connection;
  connection.active();
  if (socket.destroyed || socket._readableState.endEmitted) return;
  if (connection.extras.failure?.readOut(0) === false) return;
  // TLS may have to write after the peer's FIN. It ends the connection itself.
  if (!socket.allowHalfOpen && isUnderTls(socket)) socket.allowHalfOpen = true;
  socket.push(null);
  // With nothing buffered, 'end' follows even where nobody reads.
  socket.read(0);
  closeIfOver(connection);
}

/**
 * Both sides have ended, but there are bytes that nobody has read: they can be read later, and need
 * no descriptor. Without this it stays open, as does what it refers to, if nobody ever does.
 */
export function closeIfOver({ stream, socket }: Incoming): void {
  if (!stream?.ended || !stream.shutDown || socket.readableLength === 0) return;
  socket._getsockname();
  socket._getpeername();
  stream.close();
}
