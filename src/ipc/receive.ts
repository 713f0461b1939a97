/** Sockets and servers that arrive from another process: Node makes its own; these become ours. */

import type { NetModule } from '../net/module.js';
import { duplicateDescriptor, listenOnDescriptor, socketOfDescriptor } from '../net/transfer.js';
import type { Server, Socket } from '../node.js';
import {
  type BuiltinServer,
  type BuiltinSocket,
  isBuiltinServer,
  isBuiltinSocket,
} from './foreign.js';

/** What Node had read already by the time anybody listened for messages. */
function takeUnread(socket: BuiltinSocket): Buffer[] {
  const chunk: unknown = socket.readableLength > 0 ? socket.read() : null;
  return chunk instanceof Uint8Array ? [Buffer.from(chunk)] : [];
}

function receiveSocket(socket: BuiltinSocket): Socket | null {
  const handle = socket._handle;
  if (handle === null) return null;
  handle.readStop();
  const { allowHalfOpen } = socket;
  const ours = socketOfDescriptor(
    duplicateDescriptor(handle.fd),
    { allowHalfOpen, readable: true, writable: true },
    takeUnread(socket),
  );
  handle.close();
  socket._handle = null;
  // The channel counts connections by the 'close' of the socket that it made.
  ours.once('close', () => socket.destroy());
  return ours;
}

function receiveServer(server: BuiltinServer, net: NetModule): Server | null {
  const handle = server._handle;
  if (handle === null) return null;
  const ours = new net.Server();
  listenOnDescriptor(ours, duplicateDescriptor(handle.fd));
  server.close();
  return ours;
}

/**
 * The socket or server of this package for one that `process.on('message')` gave. It takes the
 * connection over: the one given is not usable any more. Anything else is returned as it is.
 */
export function receiveHandle(handle: unknown, net: NetModule): unknown {
  if (isBuiltinSocket(handle)) return receiveSocket(handle) ?? handle;
  if (isBuiltinServer(handle)) return receiveServer(handle, net) ?? handle;
  return handle;
}
