/**
 * Connections of a protocol server as sockets of the built-in's, each on a handle of Node's own
 * from the moment that it is accepted: `tls` and `http2` read those in native code.
 */
import { channel } from 'node:diagnostics_channel';
import builtin from 'node:net';
import {
  moveIntoNative,
  type NativeHandle,
  nativeHandle,
  nativeKind,
} from '../net/moving/native_handle.js';
import type { Acceptor } from '../net/server/acceptor.js';
import type { Server } from '../net/server/server.js';
import { kAcceptor } from '../net/symbols.js';

const serverSocketChannel = channel('net.server.socket');

/** What `net.Server` has of its options, and what counts its connections. */
export interface NativeServer {
  readonly allowHalfOpen: boolean;
  readonly pauseOnConnect: boolean;
  readonly noDelay: boolean;
  readonly keepAlive: boolean;
  /** Seconds. */
  readonly keepAliveInitialDelay: number;
  readonly highWaterMark: number;
  _connections: number;
  emit(event: 'connection', socket: builtin.Socket): boolean;
}

/** What the built-in's own constructor is given for what a server of its accepts. */
interface AcceptedOptions extends builtin.SocketConstructorOpts {
  readonly handle: NativeHandle;
  readonly pauseOnCreate: boolean;
  readonly readableHighWaterMark: number;
  readonly writableHighWaterMark: number;
}

/** What the built-in keeps of a socket's server. */
type Accepted = builtin.Socket & { server: NativeServer; _server: NativeServer };

function socketOn(handle: NativeHandle, server: NativeServer): Accepted {
  const { allowHalfOpen, highWaterMark, keepAlive, noDelay, pauseOnConnect } = server;
  const options: AcceptedOptions = {
    handle,
    allowHalfOpen,
    pauseOnCreate: pauseOnConnect,
    readable: true,
    writable: true,
    readableHighWaterMark: highWaterMark,
    writableHighWaterMark: highWaterMark,
  };
  const socket = new builtin.Socket(options) as Accepted;
  if (noDelay) socket.setNoDelay(true);
  if (keepAlive) socket.setKeepAlive(true, server.keepAliveInitialDelay * 1000);
  return socket;
}

function handOver(handle: NativeHandle, server: NativeServer): void {
  let socket: Accepted | null = null;
  try {
    socket = socketOn(handle, server);
  } finally {
    // Node's streams refuse what somebody has put into `server.highWaterMark`.
    if (socket === null) handle.close();
  }
  server._connections++;
  socket.server = socket._server = server;
  server.emit('connection', socket);
  if (serverSocketChannel.hasSubscribers) serverSocketChannel.publish({ socket });
}

/**
 * Makes `listener` give what it accepts to `server`, as sockets of the built-in's. Where there is
 * no handle for a connection it stays a socket of the listener's, in its `'connection'` event.
 */
export function acceptNatively(listener: Server, server: NativeServer): void {
  // On another runtime the listener is that one's.
  const acceptor = listener[kAcceptor] as Acceptor | undefined;
  if (acceptor === undefined) return;
  const { host } = acceptor;
  // Asked for now: the first time takes a descriptor, of which there may be none left later.
  for (const kind of ['TCP', 'PIPE'] as const) nativeHandle(host, kind)?.close();
  acceptor.taker = (stream) => {
    const handle = nativeHandle(host, nativeKind(host, stream.family));
    if (handle === null) return 0;
    const status = moveIntoNative(stream, handle);
    if (status < 0) {
      handle.close();
      return status;
    }
    handOver(handle, server);
    return 1;
  };
}
