/** A connection arrives: a connected descriptor of this thread gets a socket. */
import type { SocketOptions } from '../options/socket_options.js';
import { streamOf } from '../socket/create.js';
import { Socket } from '../socket/socket.js';
import { kConnection } from '../symbols.js';
import { closeDescriptor } from './descriptor.js';

/** A socket that waits for `arrive`: it takes writes already. */
export function awaitingSocket(allowHalfOpen: boolean): Socket {
  const socket = new Socket({ allowHalfOpen });
  socket.connecting = true;
  return socket;
}

/**
 * Gives `socket` a connected descriptor that this thread owns. `unread` comes before all that the
 * kernel has. Throws a system error; the descriptor is the caller's then.
 */
export function arrive(socket: Socket, fd: number, unread: readonly Buffer[]): void {
  const connection = socket[kConnection];
  const { host } = connection;
  const isSocket = host.kernel.kind(fd) === host.kernel.constants.S_IFSOCK;
  connection.adopt(streamOf(socket, host, fd, isSocket));
  for (const chunk of unread.toReversed()) socket.unshift(chunk);
  if (socket.connecting) socket._connectEnded(0);
  else socket.read(0);
}

/** As `arrive`, for a socket made here. Where it throws, the descriptor is closed. */
export function arriveAsSocket(
  fd: number,
  options: SocketOptions = {},
  unread: readonly Buffer[] = [],
): Socket {
  const socket = new Socket(options);
  try {
    arrive(socket, fd, unread.length > 0 ? [Buffer.concat(unread)] : []);
  } catch (error) {
    closeDescriptor(fd);
    throw error;
  }
  return socket;
}
