/**
 * Moving a live connection between this package's sockets and other owners of descriptors, with
 * all that is on its way in either direction.
 */
import type { StringDecoder } from 'node:string_decoder';
import { systemHost } from '../../transport/host.js';
import { stateError } from '../../util/errors.js';
import { systemError } from '../../util/system_error.js';
import type { ReadableInternals } from '../node/stream_state.js';
import { streamOf } from '../socket/create.js';
import { Socket } from '../socket/socket.js';
import { kConnection } from '../symbols.js';

/** A connection that has left its socket. */
export interface Handover {
  /** The descriptor: nobody's, until somebody takes it. */
  readonly fd: number;
  /** What came from the kernel and was not read by the user, in order. */
  readonly unread: readonly Buffer[];
  /** What was written by the user and is not with the kernel, in order. */
  readonly unwritten: readonly Uint8Array[];
  /** The user called `end()`. */
  readonly ended: boolean;
  /** FIN is sent. */
  readonly finished: boolean;
  /** Call this once, when `unwritten` is with the kernel or never will be. */
  readonly settle: (error?: Error | null) => void;
}

/** The part of a Readable's state that holds what nobody read yet. */
type ReadState = Pick<ReadableInternals, 'decoder' | 'buffer'>;

/** The bytes of a character of which the rest has not come. */
function incomplete(decoder: unknown): Buffer {
  const { lastChar, lastNeed, lastTotal } = decoder as Partial<Record<string, unknown>>;
  if (!Buffer.isBuffer(lastChar) || !lastNeed) return Buffer.alloc(0);
  return Buffer.from(lastChar.subarray(0, Number(lastTotal) - Number(lastNeed)));
}

/** What a stream holds for its reader, as bytes. Leaves it there. */
export function unreadBytes(state: ReadState): Buffer[] {
  const chunks: Buffer[] = [];
  const decoder = state.decoder as (StringDecoder & { encoding: BufferEncoding }) | null;
  for (const chunk of state.buffer) {
    if (typeof chunk === 'string') chunks.push(Buffer.from(chunk, decoder?.encoding));
    else if (Buffer.isBuffer(chunk)) chunks.push(chunk);
  }
  if (decoder) chunks.push(incomplete(decoder));
  return chunks.filter((chunk) => chunk.length > 0);
}

/** From here on Writable's own queue counts as written: its bytes went with the connection. */
function acceptAll(socket: Socket): void {
  socket._write = (_chunk, _encoding, callback) => callback();
  socket._writev = (_entries, callback) => callback();
  socket._final = (callback) => callback();
}

/**
 * Takes the connection out of a socket, which is then destroyed: `'close'` follows there, and none
 * of its bytes is lost. Throws `ERR_SOCKET_CLOSED` where the socket has no connection.
 */
export function handOut(socket: Socket): Handover {
  const connection = socket[kConnection];
  if (connection.stream === null || socket.connecting || socket.destroyed) {
    throw stateError('ERR_SOCKET_CLOSED');
  }
  while (socket.writableCorked > 0) socket.uncork();
  connection.stream.flush();
  const { stream, sentAhead, callback } = connection.release();
  // The callbacks of a flush are the user's: they may have closed the socket.
  if (stream === null) throw stateError('ERR_SOCKET_CLOSED');
  const waiting = socket.writableBuffer.slice(sentAhead);
  const unwritten = [...stream.takePending(), ...waiting.map(({ chunk }) => chunk as Uint8Array)];
  const { ended, finished } = socket._writableState;
  const { fd } = stream;
  const held = stream.takeUndelivered();
  const status = stream.detach();
  if (status < 0) throw systemError(status, 'release');
  acceptAll(socket);
  const settle = (error?: Error | null): void => {
    callback?.(error ?? null);
    socket.destroy();
  };
  return {
    fd,
    unread: [...unreadBytes(socket._readableState), ...held],
    unwritten,
    ended,
    finished,
    settle,
  };
}

/** The connection's server goes on counting it while `mover` lives. */
export function keepCounted(
  socket: Socket,
  mover: { once(event: 'close', run: () => void): void },
) {
  const server = socket._server;
  socket._server = null;
  if (server === null) return;
  mover.once('close', () => {
    server._connections--;
    server._emitCloseIfDrained();
  });
}

/** A second descriptor for what `fd`, somebody else's, stands for. Throws a system error. */
export function duplicate(fd: number): number {
  const { kernel } = systemHost();
  const adopted = kernel.adopt(fd);
  if (adopted < 0) throw systemError(adopted, 'dup');
  const copy = kernel.dup(fd);
  kernel.release(fd);
  if (copy < 0) throw systemError(copy, 'dup');
  return copy;
}

/** A socket that waits for `takeIn`: it takes writes already. */
export function awaitingSocket(allowHalfOpen: boolean): Socket {
  const socket = new Socket({ allowHalfOpen });
  socket.connecting = true;
  return socket;
}

/**
 * Gives `socket` a connected descriptor that this thread owns. `unread` comes before all that the
 * kernel has. Throws a system error.
 */
export function takeIn(socket: Socket, fd: number, unread: readonly Buffer[]): void {
  const connection = socket[kConnection];
  const { kernel } = connection.host;
  const isSocket = kernel.kind(fd) === kernel.constants.S_IFSOCK;
  connection.adopt(streamOf(socket, connection.host, fd, isSocket));
  for (const chunk of unread.toReversed()) socket.unshift(chunk);
  if (socket.connecting) socket._connectEnded(0);
  else socket.read(0);
}
