/** Live connections, moved between this package's sockets and the built-in's. */
import builtin from 'node:net';
import { isNative } from '../fallback/choose.js';
import { uncount } from '../net/connection/counting.js';
import { arrive, awaitingSocket } from '../net/moving/arrive.js';
import { depart, keepCounted, unreadBytes } from '../net/moving/depart.js';
import { duplicateForeign } from '../net/moving/descriptor.js';
import type { Socket } from '../net/socket/socket.js';
import { stateError } from '../util/errors.js';
import { option } from '../util/options.js';

/** What is read of a built-in socket that is not typed. */
interface BuiltinInternals {
  _handle: { fd?: number; reading?: boolean; readStop(): number; writeQueueSize?: number } | null;
  _readableState: { decoder: unknown; buffer: Iterable<unknown> };
  _server: { _connections: number; _emitCloseIfDrained?: () => void } | null | undefined;
  encrypted?: boolean;
}

function internals(socket: builtin.Socket): BuiltinInternals {
  return socket as unknown as BuiltinInternals;
}

function notMovable(): Error {
  const message = 'The socket has no connection of its own that could be moved';
  return Object.assign(new TypeError(message), { code: 'ERR_INVALID_HANDLE_TYPE' });
}

function closedError(): Error {
  return stateError('ERR_SOCKET_CLOSED');
}

/** Where this package can not run, its sockets are the runtime's own: there is nothing to move. */
function builtinAlready(socket: builtin.Socket, error: () => Error): builtin.Socket {
  if (socket.destroyed || socket.connecting || socket.pending) throw error();
  socket.pause();
  return socket;
}

function encodingOf(decoder: unknown): BufferEncoding | null {
  const { encoding } = (decoder ?? {}) as { encoding?: BufferEncoding };
  return encoding ?? null;
}

function sendRest(
  to: builtin.Socket,
  chunks: readonly Uint8Array[],
  settle: (error?: Error | null) => void,
): void {
  if (chunks.length === 0) settle();
  else to.write(Buffer.concat(chunks), settle);
}

/**
 * Moves a connection to a built-in socket, for what insists on one: `child_process.send`, TLS in
 * native code, … Returns at once. Bytes that were received and not read, or written and not sent,
 * go along; so do encoding, time-out, half-closed ends, and the place in its server's count.
 * `socket` is destroyed, and its `'close'` follows. The built-in begins paused, as it does in a
 * `'connection'` event. Throws `ERR_SOCKET_CLOSED` where there is no connection (yet).
 */
export function toNodeSocket(socket: Socket): builtin.Socket {
  if (!isNative) return builtinAlready(socket as unknown as builtin.Socket, closedError);
  const { allowHalfOpen } = socket;
  const timeout = option(socket, 'timeout');
  const encoding = encodingOf(socket._readableState.decoder);
  const { fd, unread, unwritten, ended, finished, settle } = depart(socket);
  const moved = new builtin.Socket({ fd, allowHalfOpen, readable: true, writable: !finished });
  keepCounted(socket, moved);
  for (const chunk of unread.toReversed()) moved.unshift(chunk);
  if (encoding !== null) moved.setEncoding(encoding);
  sendRest(moved, unwritten, settle);
  if (ended && !finished) moved.end();
  if (timeout) moved.setTimeout(timeout);
  return moved;
}

/** Takes the connection out of a built-in socket that has nothing left to write. */
function takeOver(from: builtin.Socket, to: Socket): void {
  const inner = internals(from);
  const fd = inner._handle?.fd;
  if (typeof fd !== 'number' || fd < 0) throw notMovable();
  inner._handle?.readStop();
  const copy = duplicateForeign(fd);
  const { decoder } = inner._readableState;
  const encoding = encodingOf(decoder);
  arrive(to, copy, unreadBytes(inner._readableState));
  if (encoding !== null) to.setEncoding(encoding);
  const server = inner._server;
  inner._server = null;
  if (server) {
    to.once('close', () => uncount(server));
  }
  const timeout = option(from, 'timeout');
  if (timeout) to.setTimeout(timeout);
  if (from.writableEnded) to.end();
  from.destroy();
}

/**
 * Moves a connection from a built-in socket to one of this package's. Bytes that were received and
 * not read go along; so do encoding, time-out, half-closed ends, and the place in its server's
 * count. `socket` is destroyed, and its `'close'` follows. Bytes that it still has to send are sent
 * by it: until then the returned socket is `connecting`, and takes writes; `'connect'` follows.
 * Throws `ERR_INVALID_HANDLE_TYPE` for a TLS socket, or one that has no connection (yet). Where
 * `isNative` is false the socket is returned as it is, paused.
 */
export function fromNodeSocket(socket: builtin.Socket): Socket {
  const inner = internals(socket);
  if (inner.encrypted || socket.connecting || socket.destroyed || inner._handle === null) {
    throw notMovable();
  }
  if (!isNative) return builtinAlready(socket, notMovable) as unknown as Socket;
  if (typeof inner._handle.fd !== 'number' || inner._handle.fd < 0) throw notMovable();
  const moved = awaitingSocket(socket.allowHalfOpen);
  if (socket.writableLength === 0 && !inner._handle.writeQueueSize) {
    moved.connecting = false;
    takeOver(socket, moved);
    return moved;
  }
  socket.pause();
  moveWhenWritten(socket, moved);
  return moved;
}

function moveWhenWritten(socket: builtin.Socket, moved: Socket): void {
  const fail = (error: Error): unknown => moved.destroy(error);
  const lost = (): unknown => moved.destroy();
  socket.once('error', fail);
  socket.once('close', lost);
  const written = (error?: Error | null): void => {
    socket.off('error', fail);
    socket.off('close', lost);
    if (error) moved.destroy(error);
    else if (moved.destroyed) socket.destroy();
    else takeOver(socket, moved);
  };
  if (socket.writableEnded) socket.once('finish', () => written());
  else socket.write('', written);
}
