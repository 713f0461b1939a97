/**
 * Puts one of Node's protocol servers (`http`, `https`, `http2`, `tls`) on a listener of this
 * package's. The server stays what it is; what it does about listening goes to the listener, and
 * each connection comes to it by its own `'connection'` event.
 */
import type builtin from 'node:net';
import tls from 'node:tls';
import { isOurSocket } from '../net/moving/ours.js';
import type { ServerOptions } from '../net/options/server_options.js';
import type { Server } from '../net/server/server.js';
import type { Socket } from '../net/socket/socket.js';
import { kAcceptor } from '../net/symbols.js';
import { ownOptions } from '../util/options.js';

import net = require('../node.js');

/** A protocol server, as far as listening goes. */
type Mounted = builtin.Server & {
  closeIdleConnections?: () => void;
  /** Node calls it where a connection has ended, to see whether the server has. */
  _emitCloseIfDrained?: () => void;
};

/** The options of `net.createServer` among those of a protocol server. */
function listenerOptions(all: ServerOptions, secure: boolean): ServerOptions {
  const options = ownOptions(all);
  const { noDelay, keepAlive, keepAliveInitialDelay, highWaterMark, blockList } = options;
  const { pauseOnConnect } = options;
  // HTTP may answer after the peer's FIN, and ends the connection itself. So does TLS, where the
  // socket below sees to it; this option would be the TLS socket's.
  const given = { noDelay, keepAlive, keepAliveInitialDelay, highWaterMark, blockList };
  return { ...given, pauseOnConnect, allowHalfOpen: !secure || options.allowHalfOpen };
}

/** How a `tls.TLSSocket` holds what it stands on: Node wraps a stream that is not its own. */
type Secured = tls.TLSSocket & {
  readonly _handle?: { readonly _parentWrap?: { readonly stream?: unknown } } | null;
};

const ADDRESSES = [
  'remoteAddress',
  'remotePort',
  'remoteFamily',
  'localAddress',
  'localPort',
  'localFamily',
] as const;

/** A TLS socket knows its addresses from a handle of Node's own: here it asks the one below. */
export function lendAddresses(secured: tls.TLSSocket, below: Socket): void {
  // A mock may have made it the built-in's, which TLS asks by itself.
  if (!isOurSocket(below)) return;
  for (const name of ADDRESSES) {
    Object.defineProperty(secured, name, { get: () => below[name], configurable: true });
  }
  const value = (): unknown => below.address();
  Object.defineProperty(secured, 'address', { value, writable: true, configurable: true });
}

function lendToAll(server: tls.Server): void {
  server.prependListener('secureConnection', (secured: Secured) => {
    const below = secured._handle?._parentWrap?.stream;
    if (below instanceof net.Socket) lendAddresses(secured, below);
  });
}

function forwardEvents(listener: Server, server: Mounted): void {
  if (server instanceof tls.Server) lendToAll(server);
  listener.on('connection', (socket) => server.emit('connection', socket));
  listener.on('listening', () => server.emit('listening'));
  listener.on('error', (error) => server.emit('error', error));
  listener.on('drop', (info) => server.emit('drop', info));
  listener.on('close', () => server.emit('close'));
}

function methods(listener: Server, server: Mounted): Partial<Record<string, unknown>> {
  const close = server.close;
  return {
    listen(...args: unknown[]): Mounted {
      Reflect.apply(listener.listen, listener, args);
      return server;
    },
    close(callback?: (error?: Error) => void): Mounted {
      if (typeof callback === 'function') {
        if (listener.listening) server.once('close', callback);
        else listener.getConnections(() => callback(notRunning()));
      }
      // What the protocol does about its own: idle connections, timers. It never listened itself.
      Reflect.apply(close, server, []);
      listener.close();
      return server;
    },
    address: () => listener.address(),
    getConnections(callback: (error: Error | null, count: number) => void): Mounted {
      listener.getConnections(callback);
      return server;
    },
    ref(): Mounted {
      listener.ref();
      return server;
    },
    unref(): Mounted {
      listener.unref();
      return server;
    },
    // The protocol's own count is none, and would end it at once.
    _emitCloseIfDrained(): void {},
  };
}

function notRunning(): Error {
  return Object.assign(new Error('Server is not running.'), { code: 'ERR_SERVER_NOT_RUNNING' });
}

/** Makes `server` listen by this package, and returns it. */
export function mount<Kind extends builtin.Server>(server: Kind, options: ServerOptions): Kind {
  const listener = net.createServer(listenerOptions(options, server instanceof tls.Server));
  const mounted: Mounted = server;
  for (const [name, value] of Object.entries(methods(listener, mounted))) {
    Object.defineProperty(mounted, name, { value, configurable: true, writable: true });
  }
  Object.defineProperty(mounted, 'listening', { get: () => listener.listening });
  Object.defineProperty(mounted, 'connections', { get: () => listener.connections });
  Object.defineProperty(mounted, 'maxConnections', {
    get: () => listener.maxConnections,
    set: (count: number) => {
      listener.maxConnections = count;
    },
    enumerable: true,
  });
  Object.defineProperty(mounted, Symbol.asyncDispose, {
    value: async () => {
      const { listening, pending } = listener[kAcceptor];
      if (!listening && !pending) return;
      await new Promise<void>((resolve, reject) => {
        mounted.close((error) => (error && listening ? reject(error) : resolve()));
      });
    },
  });
  forwardEvents(listener, mounted);
  return server;
}
