/**
 * A socket of this package's goes on, as the same object, on a handle of Node's own: for TLS and
 * HTTP/2, which then have each byte in native code. What it holds in either direction goes along in
 * its order, and so does what it was told.
 */
import type { Duplex } from 'node:stream';
import { endStatus } from '../../transport/taken_error.js';
import { systemError } from '../../util/system_error.js';
import type { Connection } from '../connection/connection.js';
import { SendMode } from '../connection/connection_state.js';
import { dropContext, runInContext } from '../connection/context.js';
import type { WriteCallback } from '../connection/duplex.js';
import { sendGathered } from '../connection/outgoing.js';
import { own, writesItself } from '../connection/overrides.js';
import {
  dropDecoder,
  pushQuietly,
  resumeWithoutFlow,
  setFlowing,
  takeAllQuietly,
  unshiftQuietly,
} from '../node/stream_state.js';
import { flowBefore, isWrapper, takeOffWrapper } from '../node/tls_wrap.js';
import { goOnWith, root } from '../socket/builtin_socket.js';
import { seldomSet } from '../socket/create.js';
import type { Socket } from '../socket/socket.js';
import { kConnection } from '../symbols.js';
import { unreadBytes } from './depart.js';
import { dialForNative } from './native_dial.js';
import { moveIntoNative, type NativeHandle, nativeHandle, nativeKind } from './native_handle.js';
import { expectRead, noteBefore, noteWritten } from './native_socket.js';

/** Duplex's own methods that bytes or their events go by. */
const STREAM_METHODS = new Set<PropertyKey>(['emit', 'push', 'unshift', 'removeListener', 'off']);

function isMethod(key: PropertyKey): boolean {
  if (STREAM_METHODS.has(key)) return true;
  if (key === 'constructor' || Object.hasOwn(seldomSet, key)) return false;
  return Object.hasOwn(root.prototype as object, key);
}

/**
 * Whether the program has put nothing of its own in the place of the socket's methods: in the
 * object, in a class of its, or in this package's class. Such a method may want to see bytes, and
 * calls one of this package's.
 */
function isPlain(socket: Socket): boolean {
  let holder: object | null = socket;
  while (holder !== null && holder !== root.prototype) {
    if (Reflect.ownKeys(holder).some(isMethod)) return false;
    holder = Object.getPrototypeOf(holder) as object | null;
  }
  return (
    holder !== null &&
    socket.write === own.write &&
    socket.on === own.on &&
    socket.read === own.read &&
    writesItself(socket)
  );
}

/** Nobody but the one who wraps it now reads from or writes to it by way of this package. */
function isFree(socket: Socket, connection: Connection): boolean {
  const { extras } = connection;
  return (
    extras.forward === null &&
    extras.feeders === null &&
    extras.failure === null &&
    extras.bound === null &&
    !connection.parser &&
    connection.hasPlainHandle &&
    !socket.destroyed &&
    socket._readableState.pipes.length === 0 &&
    socket.listenerCount('unpipe') === 0 &&
    socket.listeners('data').filter(isWrapper).length === 1
  );
}

/** The connection is whole: its descriptor tells all that there is to know. */
function isWhole(connection: Connection): boolean {
  const { stream } = connection;
  return (
    stream !== null &&
    stream.fd >= 0 &&
    stream.owner === connection &&
    !stream.connecting &&
    !stream.writeFailed &&
    endStatus(stream) === 0 &&
    connection.host.kernel.ofNode(stream.fd) !== 1
  );
}

/** The built-in's own methods, past whatever the object has. */
function builtinMethods(socket: Socket): Pick<Duplex, '_write'> & Pick<Duplex, '_writev'> {
  return Object.getPrototypeOf(socket) as Duplex;
}

/**
 * Writable still holds `count` chunks whose bytes left with those of the write under way: it is to
 * hand over only what lies behind them.
 */
function skipChunks(socket: Socket, count: number): void {
  let left = count;
  const skip = (lengthBytes: number): void => {
    noteWritten(socket, lengthBytes);
    if (--left > 0) return;
    Reflect.deleteProperty(socket, '_write');
    Reflect.deleteProperty(socket, '_writev');
  };
  socket._write = (chunk, _encoding, callback) => {
    skip(chunk.length);
    callback();
  };
  socket._writev = (entries, callback) => {
    const skipped = entries.slice(0, left);
    const rest = entries.slice(skipped.length);
    for (const { chunk } of skipped) skip(chunk.length);
    if (rest.length === 0) callback();
    else builtinMethods(socket)._writev?.call(socket as Duplex, rest as never, callback);
  };
}

/** What goes along with a connection. */
interface Cargo {
  /** In order; came from the kernel, and nobody had them. */
  readonly held: readonly Buffer[];
  /** In order; are not with the kernel. */
  readonly unwritten: readonly Uint8Array[];
  /** How many of Writable's chunks are among these. */
  readonly sentAhead: number;
  /** The write under way. */
  readonly callback: WriteCallback | null;
}

function lengthOf(chunks: Iterable<{ readonly length: number }>): number {
  let sum = 0;
  for (const { length } of chunks) sum += length;
  return sum;
}

/** Puts what was read where TLS looks for it, and tells nobody of it. */
function keepUnread(socket: Socket, decoded: readonly Buffer[], held: readonly Buffer[]): void {
  // As with `unshift` of a user's: also where the peer's FIN is known.
  for (const piece of decoded.toReversed()) unshiftQuietly(socket, piece);
  for (const piece of held) pushQuietly(socket, piece);
}

/**
 * What is unread, as bytes: who goes on with the connection does not know of an encoding. The rest
 * of what Readable had stays with it.
 */
function withoutEncoding(socket: Socket): readonly Buffer[] {
  const state = socket._readableState;
  if (state.decoder === null) return [];
  const unread = unreadBytes(state);
  if (state.length > 0) {
    // Node's reader takes the buffer out, and tells listeners: none is to hear of this.
    socket.emit = () => false;
    takeAllQuietly(socket);
    Reflect.deleteProperty(socket, 'emit');
  }
  dropDecoder(state);
  return unread;
}

/** As the socket was before the wrapper paused it. */
function flowAsBefore(socket: Socket): void {
  const { flowing, isPaused } = flowBefore;
  // What is buffered is for TLS: it must not be made to flow.
  if (!isPaused) resumeWithoutFlow(socket);
  setFlowing(socket._readableState, flowing);
}

/** The socket becomes the built-in's on `handle`; `cargo` is in its hands then. */
function goOn(socket: Socket, handle: NativeHandle, cargo: Cargo, bytesRead: number): void {
  const { bytesWritten } = socket;
  const decoded = withoutEncoding(socket);
  goOnWith(socket, { handle, manualStart: true });
  const onEnd = socket.listeners('end').at(-1) as () => void;
  // The built-in's own is the first, as it was.
  socket.removeListener('end', onEnd).prependListener('end', onEnd);
  const { held, unwritten, sentAhead, callback } = cargo;
  keepUnread(socket, decoded, held);
  flowAsBefore(socket);
  const buffered = lengthOf(socket.writableBuffer.map(({ chunk }) => chunk as Uint8Array));
  noteBefore(socket, {
    handle,
    bytesRead: bytesRead + lengthOf(held),
    bytesWritten: bytesWritten - buffered - lengthOf(unwritten),
  });
  if (callback === null) return;
  if (sentAhead > 0) skipChunks(socket, sentAhead);
  const bytes = Buffer.concat(unwritten);
  builtinMethods(socket)._write.call(socket as Duplex, bytes, 'buffer' as never, callback);
}

/** Also true where the TLS socket that has the handle is closed: `tls` throws then. */
function isRead(handle: NativeHandle): boolean {
  try {
    return handle.reading === true;
  } catch {
    return true;
  }
}

function startReading(socket: Socket, handle: NativeHandle): void {
  if (socket.destroyed || isRead(handle)) return;
  handle.reading = true;
  const status = handle.readStart();
  if (status < 0) socket.destroy(systemError(status, 'read'));
}

/** Moves a socket that is connected. Returns whether it did; nothing has changed where not. */
function moveConnected(socket: Socket, connection: Connection): boolean {
  sendGathered(connection, SendMode.ALL);
  if (!isFree(socket, connection) || !isWhole(connection)) return false;
  const { host } = connection;
  const kind = nativeKind(host, connection.stream?.family ?? 0);
  const handle = runInContext(connection, () => nativeHandle(host, kind));
  if (handle === null) return false;
  takeOffWrapper(socket);
  const { bytesRead } = socket;
  const { peer, local } = connection.extras;
  const { stream, sentAhead, callback } = connection.release();
  if (stream === null) return false;
  const cargo = {
    held: stream.takeUndelivered(),
    unwritten: stream.takePending(),
    sentAhead,
    callback,
  };
  const status = moveIntoNative(stream, handle);
  goOn(socket, handle, cargo, bytesRead);
  dropContext(connection);
  expectRead(socket, () => startReading(socket, handle));
  // Where somebody has asked, the built-in knows them after the end, too.
  Object.assign(socket, peer && { _peername: peer }, local && { _sockname: local });
  if (status < 0) socket.destroy(systemError(status, 'open'));
  return true;
}

/** The same for one that connects, now or later: our dialling goes on, for the handle. */
function moveUnconnected(socket: Socket, connection: Connection): boolean {
  const { stream } = connection;
  const { dial, path } = connection.extras;
  // One that waits for its descriptor from somebody else has none of these.
  if (socket.connecting && dial === null && path === null) return false;
  const { host } = connection;
  const kind = path === null ? 'TCP' : 'PIPE';
  const handle = runInContext(connection, () => nativeHandle(host, kind));
  if (handle === null) return false;
  takeOffWrapper(socket);
  const { callback } = connection.release();
  connection.stream = stream;
  const cargo = { held: [], unwritten: connection.takeWaiting(), sentAhead: 0, callback };
  goOn(socket, handle, cargo, 0);
  dialForNative(socket as Socket & { _sockname: object | null }, connection, handle, () =>
    startReading(socket, handle),
  );
  expectRead(socket, () => {});
  return true;
}

/**
 * Called where Node has put its wrapper's listeners on `socket`. Where that can go on with a handle
 * of Node's own it does, without them, and true is returned: it takes the wrapper's place. What
 * stays: a simulated host's, and one whose bytes somebody else may want to see.
 */
export function moveToNative(socket: Socket): boolean {
  const connection = socket[kConnection];
  if (connection === undefined || !isPlain(socket) || !isFree(socket, connection)) return false;
  const isConnected = connection.stream !== null && !socket.connecting;
  return isConnected ? moveConnected(socket, connection) : moveUnconnected(socket, connection);
}
