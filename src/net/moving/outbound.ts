/**
 * Sockets and servers on their way to and from somebody else: another process, another thread, or
 * a socket of Node's own. What travels is a descriptor; this takes it out of one object and makes
 * another around it.
 */
import type { AsyncResource } from 'node:async_hooks';
import { familyOf } from '../../transport/bind.js';
import { systemHost } from '../../transport/host.js';
import { Stream } from '../../transport/stream.js';
import type { StreamOwner } from '../../transport/stream_owner.js';
import { stateError } from '../../util/errors.js';
import { errno, systemError } from '../../util/system_error.js';
import type { SocketOptions } from '../options/socket_options.js';
import { listenOnOwned } from '../server/listen.js';
import type { Server } from '../server/server.js';
import { Socket } from '../socket/socket.js';
import { kAcceptor, kConnection, kHost } from '../symbols.js';
import { unreadBytes } from './handover.js';

/** Sends what is queued, then closes: the socket it was written to is somebody else's by now. */
class Leftover implements StreamOwner {
  readonly readInto = null;
  readonly forward = null;

  constructor(
    private readonly stream: Stream,
    readonly scope: AsyncResource | null,
    private readonly ended: (status: number) => void,
  ) {}

  private finish(status: number): void {
    this.stream.close();
    this.ended(status);
  }

  onWritten(): void {
    this.finish(0);
  }

  onWriteError(status: number): void {
    this.finish(status);
  }

  onConnect(): void {}
  onRead(): void {}
  onReadInto(): void {}
  onReadEnd(): void {}
  onReadError(): void {}
  onReadOut(): void {}
  onFlush(): void {}
  onExit(): void {}
}

/** Node's own sockets and servers, as far as they matter here. */
export interface ForeignHandleOwner {
  _handle: { readonly fd: number; close(): void; readStop?(): unknown } | null;
}

function connectedStream(socket: Socket): Stream {
  const { stream } = socket[kConnection];
  if (stream === null || socket.connecting) throw stateError('ERR_SOCKET_CLOSED');
  return stream;
}

/** Listeners hear of it at the next tick, not in the middle of what the caller does. */
function keepUnread(socket: Socket, held: readonly Buffer[]): void {
  if (held.length === 0) return;
  socket[kConnection].host.clock.nextTick(() => {
    for (const piece of held) if (!socket.destroyed) socket.push(piece);
  });
}

/**
 * Takes the descriptor out of a connected socket, which has no connection then: nothing is closed
 * and no event is emitted. Throws `ERR_SOCKET_CLOSED` where there is no connection. Bytes that
 * were read and not consumed stay with the socket; those written and not taken by the kernel yet
 * follow on a descriptor of their own.
 */
export function detachDescriptor(socket: Socket): number {
  const stream = connectedStream(socket);
  const connection = socket[kConnection];
  stream.stopReading();
  stream.flush();
  // Its write failed, and that destroyed it.
  if (connection.stream !== stream) throw stateError('ERR_SOCKET_CLOSED');
  keepUnread(socket, stream.takeUndelivered());
  let fd: number;
  if (stream.pendingBytes === 0) {
    fd = stream.detach();
  } else {
    fd = releaseDescriptor(duplicateSocket(socket));
    const leftover = new Leftover(stream, connection.scope, (status) =>
      connection.writeEnded(status),
    );
    stream.owner = leftover;
    if (stream.writeFailed) leftover.onWriteError(-errno.EPIPE);
  }
  connection.abandon();
  return fd;
}

/**
 * Gives a second descriptor of the socket (owned by this thread) to `take`, with the bytes that
 * were read and not consumed, and closes this socket, which is elsewhere from then on. Where `take`
 * throws, the socket stays as it was.
 */
export function moveSocket(
  socket: Socket,
  take: (fd: number, unread: readonly Buffer[]) => void,
): void {
  const stream = connectedStream(socket);
  const { reading } = stream;
  stream.flush();
  const fd = duplicateSocket(socket);
  // Not by read(), which would tell listeners here what the next owner tells his.
  const buffered = unreadBytes(socket._readableState);
  const held = stream.takeUndelivered();
  stream.stopReading();
  try {
    // Copies, since other sockets' bytes lie in the same memory.
    const unread = [...buffered, ...held].map((chunk) => Buffer.from(chunk));
    take(fd, unread);
  } catch (error) {
    closeDescriptor(fd);
    stream.putUndelivered(held);
    if (reading) stream.startReading();
    throw error;
  }
  const rest = detachDescriptor(socket);
  adoptDescriptor(rest);
  closeDescriptor(rest);
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

/** A second descriptor for a connected socket, owned by this thread until it is released. */
export function duplicateSocket(socket: Socket): number {
  const stream = connectedStream(socket);
  stream.exclusive = false;
  const fd = stream.host.kernel.dup(stream.fd);
  if (fd < 0) throw systemError(fd, 'dup');
  return fd;
}

/** A second descriptor for what a server listens on; throws where it does not listen. */
export function duplicateServer(server: Server): number {
  const connection = server[kAcceptor];
  const { listener } = connection;
  if (listener === null) throw stateError('ERR_SERVER_NOT_RUNNING');
  listener.exclusive = false;
  const fd = connection.host.kernel.dup(listener.fd);
  if (fd < 0) throw systemError(fd, 'dup');
  return fd;
}

/** Gives up ownership of a descriptor of this thread; it stays open. Returns it. */
export function releaseDescriptor(fd: number): number {
  return Socket.prototype[kHost]().kernel.release(fd);
}

/** Closes a descriptor of this thread that no object has taken. */
export function closeDescriptor(fd: number): void {
  Socket.prototype[kHost]().kernel.close(fd, -1);
}

/**
 * What tells a socket from every other one of the system, whatever descriptor it has: SO_COOKIE.
 * Empty where `fd` is no socket.
 */
export function socketIdentity(fd: number): string {
  const { kernel } = Socket.prototype[kHost]();
  const cookie = Buffer.alloc(8);
  const length = kernel.getsockopt(
    fd,
    kernel.constants.SOL_SOCKET,
    kernel.constants.SO_COOKIE,
    cookie,
  );
  return length === 8 ? cookie.toString('hex') : '';
}

/** Takes a released descriptor back into this thread's ownership. */
export function adoptDescriptor(fd: number): void {
  Socket.prototype[kHost]().kernel.adopt(fd);
}

/** A second descriptor for any open one of this process, owned by this thread. Throws. */
export function duplicateDescriptor(fd: number): number {
  const copy = Socket.prototype[kHost]().kernel.dup(fd);
  if (copy < 0) throw systemError(copy, 'dup');
  return copy;
}

/**
 * A socket around a connected descriptor that this thread owns. `unread` comes before whatever
 * the descriptor gives.
 */
export function socketOfDescriptor(
  fd: number,
  options: SocketOptions = {},
  unread: readonly Buffer[] = [],
): Socket {
  const host = Socket.prototype[kHost]();
  const family = Math.max(familyOf(host, fd), 0);
  const socket = new Socket(options);
  const stream = new Stream(host, fd, family, socket[kConnection]);
  const status = stream.open();
  if (status < 0) {
    stream.close();
    throw systemError(status, 'open');
  }
  socket[kConnection].adopt(stream);
  if (unread.length > 0) socket.unshift(Buffer.concat(unread));
  socket.read(0);
  return socket;
}

/** Makes `server` listen on a descriptor that this thread owns; `'listening'` follows. */
export function listenOnDescriptor(server: Server, fd: number): void {
  listenOnOwned(server, fd);
}

/** Whether `value` is a socket of this package. */
export function isOurSocket(value: unknown): value is Socket {
  return typeof value === 'object' && value !== null && kConnection in value;
}

/** Whether `value` is a server of this package. */
export function isOurServer(value: unknown): value is Server {
  return typeof value === 'object' && value !== null && kAcceptor in value;
}
