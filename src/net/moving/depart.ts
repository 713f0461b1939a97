/**
 * A connection departs: its descriptor leaves its socket, for another process, another thread, or a
 * socket of Node's own. The three ways differ in where the bytes go that are on their way:
 *
 * | way | read, and not consumed | written, and not with the kernel |
 * |---|---|---|
 * | `depart` | go along | go along |
 * | `departWhenTaken` | go along | are sent from here |
 * | `departDescriptor` | stay with the socket | are sent from here |
 */
import type { StringDecoder } from 'node:string_decoder';
import { systemHost } from '../../transport/host.js';
import type { Stream } from '../../transport/stream.js';
import { QuietOwner } from '../../transport/stream_owner.js';
import { stateError } from '../../util/errors.js';
import { errno, systemError } from '../../util/system_error.js';
import type { Connection } from '../connection/connection.js';
import { uncount } from '../connection/counting.js';
import type { ReadableInternals } from '../node/stream_state.js';
import type { Server } from '../server/server.js';
import type { Socket } from '../socket/socket.js';
import { kAcceptor, kConnection } from '../symbols.js';
import { closeDescriptor, detachDescriptor } from './descriptor.js';

/** A connection that has left its socket. */
export interface Departed {
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

function connectedStream(socket: Socket): Stream {
  const { stream } = socket[kConnection];
  if (stream === null || socket.connecting) throw stateError('ERR_SOCKET_CLOSED');
  return stream;
}

/** From here on Writable's own queue counts as written: its bytes went with the connection. */
function acceptAll(socket: Socket): void {
  socket._write = (_chunk, _encoding, callback) => callback();
  socket._writev = (_entries, callback) => callback();
  socket._final = (callback) => callback();
}

/**
 * Takes the connection out of a socket, which is then destroyed: `'close'` follows there, and none
 * of its bytes is lost. Throws `ERR_SOCKET_CLOSED` where the socket has no connection, and
 * `ERR_INVALID_HANDLE_TYPE` where TLS or HTTP/2 has it in native code.
 */
export function depart(socket: Socket): Departed {
  const connection: Connection | undefined = socket[kConnection];
  // It went on as one of the built-in's, as it does under TLS.
  if (connection === undefined) throw stateError('ERR_INVALID_HANDLE_TYPE');
  if (socket.destroyed) throw stateError('ERR_SOCKET_CLOSED');
  const flushed = connectedStream(socket);
  while (socket.writableCorked > 0) socket.uncork();
  flushed.host.reactor.flush(flushed);
  const { stream, sentAhead, callback } = connection.release();
  // The callbacks of a flush are the user's: they may have closed the socket.
  if (stream === null) throw stateError('ERR_SOCKET_CLOSED');
  const waiting = socket.writableBuffer.slice(sentAhead);
  const unwritten = [...stream.takePending(), ...waiting.map(({ chunk }) => chunk as Uint8Array)];
  const { ended, finished } = socket._writableState;
  const { fd } = stream;
  const undelivered = stream.takeUndelivered();
  const status = stream.detach();
  if (status < 0) throw systemError(status, 'release');
  acceptAll(socket);
  const settle = (error?: Error | null): void => {
    callback?.(error ?? null);
    socket.destroy();
  };
  const unread = [...unreadBytes(socket._readableState), ...undelivered];
  return { fd, unread, unwritten, ended, finished, settle };
}

/** The connection's server goes on counting it while `mover` lives. */
export function keepCounted(
  socket: Socket,
  mover: { once(event: 'close', run: () => void): void },
): void {
  const server = socket._server;
  socket._server = null;
  if (server !== null) mover.once('close', () => uncount(server));
}

/** Sends what is queued, then closes: the socket it was written to is somebody else's by now. */
class ClosingWriter extends QuietOwner {
  constructor(
    private readonly stream: Stream,
    private readonly connection: Connection,
  ) {
    super(connection.context);
  }

  private finish(status: number): void {
    this.stream.close();
    this.connection.writeEnded(status);
  }

  override onWritten(): void {
    this.finish(0);
  }

  override onWriteError(status: number): void {
    this.finish(status);
  }
}

/** Listeners hear of it at the next tick, not in the middle of what the caller does. */
function pushLater(socket: Socket, pieces: readonly Buffer[]): void {
  if (pieces.length === 0) return;
  socket[kConnection].host.clock.nextTick(() => {
    for (const piece of pieces) if (!socket.destroyed) socket.push(piece);
  });
}

/** What can be sent is sent, and nothing is read any more. Returns the stream, to be taken. */
function settledStream(socket: Socket): Stream {
  const stream = connectedStream(socket);
  stream.stopReading();
  stream.host.reactor.flush(stream);
  // Its write failed, and that destroyed it.
  if (socket[kConnection].stream !== stream) throw stateError('ERR_SOCKET_CLOSED');
  pushLater(socket, stream.takeUndelivered());
  return stream;
}

/** What the kernel has not taken yet is sent as it does; then the stream is closed. */
function sendRest(stream: Stream, connection: Connection): void {
  const writer = new ClosingWriter(stream, connection);
  stream.owner = writer;
  if (stream.writeFailed) writer.onWriteError(-errno.EPIPE);
}

/**
 * Takes the descriptor out of a connected socket, which has no connection then: nothing is closed
 * and no event is emitted. Throws `ERR_SOCKET_CLOSED` where there is no connection. Bytes that
 * were read and not consumed stay with the socket; those written and not taken by the kernel yet
 * follow on a descriptor of their own.
 */
export function departDescriptor(socket: Socket): number {
  const stream = settledStream(socket);
  const connection = socket[kConnection];
  let fd: number;
  if (stream.pendingBytes === 0) {
    fd = stream.detach();
  } else {
    fd = detachDescriptor(duplicateSocket(socket));
    sendRest(stream, connection);
  }
  connection.abandon();
  return fd;
}

/**
 * Gives a second descriptor of the socket (owned by this thread) to `take`, with the bytes that
 * were read and not consumed, and closes this socket, which is elsewhere from then on. Where `take`
 * throws, the socket stays as it was.
 */
export function departWhenTaken(
  socket: Socket,
  take: (fd: number, unread: readonly Buffer[]) => void,
): void {
  const stream = connectedStream(socket);
  const { reading } = stream;
  stream.host.reactor.flush(stream);
  const fd = duplicateSocket(socket);
  // Not by read(), which would tell listeners here what the next owner tells his.
  const buffered = unreadBytes(socket._readableState);
  const undelivered = stream.takeUndelivered();
  stream.stopReading();
  try {
    // Copies, since other sockets' bytes lie in the same memory.
    const unread = [...buffered, ...undelivered].map((chunk) => Buffer.from(chunk));
    take(fd, unread);
  } catch (error) {
    closeDescriptor(fd);
    stream.putUndelivered(undelivered);
    if (reading) stream.startReading();
    throw error;
  }
  settledStream(socket);
  const connection = socket[kConnection];
  if (stream.pendingBytes === 0) stream.close();
  else sendRest(stream, connection);
  connection.abandon();
  // Its server counts it no more, and 'close' tells its listeners that it is gone from here.
  socket.destroy();
}

/**
 * From here on a handler has all that was read: this process may send a connection to another one,
 * which then gets the rest from the kernel.
 */
export function leaveUnreadToKernel(): void {
  systemHost().reactor.slab.mayBeVectored = false;
}

/** A second descriptor for a connected socket, owned by this thread until it is detached. */
export function duplicateSocket(socket: Socket): number {
  const stream = connectedStream(socket);
  stream.exclusive = false;
  const fd = stream.host.kernel.dup(stream.fd);
  if (fd < 0) throw systemError(fd, 'dup');
  return fd;
}

/** A second descriptor for what a server listens on; throws where it does not listen. */
export function duplicateServer(server: Server): number {
  const acceptor = server[kAcceptor];
  const { listener } = acceptor;
  if (listener === null) throw stateError('ERR_SERVER_NOT_RUNNING');
  listener.exclusive = false;
  const fd = acceptor.host.kernel.dup(listener.fd);
  if (fd < 0) throw systemError(fd, 'dup');
  return fd;
}
