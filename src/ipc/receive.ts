/**
 * Receives sockets and servers from another process. Node makes objects of its own; this package
 * makes its own out of these.
 */

import { types } from 'node:util';
import type { NetModule } from '../net/module.js';
import { arriveAsSocket } from '../net/moving/arrive.js';
import { duplicateDescriptor } from '../net/moving/descriptor.js';
import { listenOnOwned } from '../net/server/listen.js';
import type { Server, Socket } from '../node.js';
import {
  type BuiltinSocket,
  isBuiltinServer,
  isBuiltinSocket,
  type NativeHandle,
} from './foreign.js';

/** The bytes that Node had read before anybody listened for messages. */
function takeUnread(socket: BuiltinSocket): Buffer[] {
  const chunk: unknown = socket.readableLength > 0 ? socket.read() : null;
  return types.isUint8Array(chunk) ? [Buffer.from(chunk)] : [];
}

function adopt(socket: BuiltinSocket, handle: NativeHandle): Socket {
  const { allowHalfOpen } = socket;
  return arriveAsSocket(
    duplicateDescriptor(handle.fd),
    { allowHalfOpen, readable: true, writable: true },
    takeUnread(socket),
  );
}

function receiveSocket(socket: BuiltinSocket, net: NetModule): Socket {
  const handle = socket._handle;
  // The socket failed before anybody listened for messages.
  if (handle === null) return new net.Socket().destroy();
  handle.readStop?.();
  try {
    const ours = adopt(socket, handle);
    // The channel counts connections by the 'close' event of the socket that it made.
    ours.once('close', () => socket.destroy());
    handle.close();
    socket._handle = null;
    return ours;
  } catch (error) {
    socket.destroy();
    return new net.Socket().destroy(error as Error);
  }
}

/** Makes a server of this package on a listening descriptor of Node's, whose handle it closes. */
export function receiveServer(handle: NativeHandle, net: NetModule): Server {
  const ours = new net.Server();
  try {
    listenOnOwned(ours, duplicateDescriptor(handle.fd));
  } catch (error) {
    // The emitter of the message must not get the error. The server's listeners get it, a tick
    // later.
    process.nextTick(() => ours._listenFailed(error as Error));
  } finally {
    handle.close();
  }
  return ours;
}

/**
 * Returns the socket or server of this package for one from `process.on('message')`, which is not
 * usable any more: this package takes its connection over. Returns anything else as it is.
 */
export function receiveHandle(handle: unknown, net: NetModule): unknown {
  if (isBuiltinSocket(handle)) return receiveSocket(handle, net);
  if (!isBuiltinServer(handle) || handle._handle === null) return handle;
  const ours = receiveServer(handle._handle, net);
  handle._handle = null;
  return ours;
}
