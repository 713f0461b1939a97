/**
 * Puts one of Node's protocol servers (`http`, `https`, `http2`, `tls`) on a listener of this
 * package's. The server stays what it is; what it does about listening goes to the listener, and
 * each connection comes to it by its own `'connection'` event.
 */
import type builtin from 'node:net';
import tls from 'node:tls';
import type { ServerOptions } from '../net/options/server_options.js';
import type { Acceptor } from '../net/server/acceptor.js';
import type { Server } from '../net/server/server.js';
import { kAcceptor } from '../net/symbols.js';
import { ownOptions } from '../util/options.js';
import { acceptNatively, type NativeServer } from './native_accept.js';

import net = require('../node.js');

/** A protocol server, as far as listening goes. */
type Mounted = builtin.Server &
  NativeServer & {
    closeIdleConnections?: () => void;
    /** Node calls it where a connection has ended, to see whether the server has. */
    _emitCloseIfDrained?: () => void;
  };

/**
 * What a protocol reads connections by: `native` code of Node's, as `tls` and `http2` do, or by the
 * events of a `socket` of this package.
 */
export type Reading = 'native' | 'socket';

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

/** In a worker of `cluster`: the keys of TLS tickets, which all workers on a port share. */
const SHARED = ['_getServerData', '_setServerData'] as const;

function shareInCluster(listener: Server, server: Mounted): void {
  for (const name of SHARED) {
    const share: unknown = Reflect.get(server, name);
    if (typeof share !== 'function') continue;
    const value = (...args: unknown[]): unknown => Reflect.apply(share, server, args);
    Object.defineProperty(listener, name, { value });
  }
}

function forwardEvents(listener: Server, server: Mounted, reading: Reading): void {
  if (reading === 'native') acceptNatively(listener, server);
  listener.on('connection', (socket) => server.emit('connection', socket));
  listener.on('listening', () => server.emit('listening'));
  listener.on('error', (error) => server.emit('error', error));
  listener.on('drop', (info) => server.emit('drop', info));
  listener.on('close', () => server.emit('close'));
}

function methods(listener: Server, server: Mounted): Partial<Record<string, unknown>> {
  const close = server.close;
  let closing = false;
  return {
    listen(...args: unknown[]): Mounted {
      const onListening = args.at(-1);
      const isFunction = typeof onListening === 'function';
      Reflect.apply(listener.listen, listener, isFunction ? args.slice(0, -1) : args);
      // Called with the server that the program knows.
      if (isFunction) server.once('listening', onListening as () => void);
      return server;
    },
    close(callback?: (error?: Error) => void): Mounted {
      if (typeof callback === 'function') {
        if (listener.listening) server.once('close', callback);
        else listener.getConnections(() => callback(notRunning()));
      }
      // What the protocol does about its own: idle connections, timers. It never listened itself.
      closing = true;
      try {
        Reflect.apply(close, server, []);
      } finally {
        closing = false;
      }
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
    // The built-in's `close` asks as well, but never listened: only the listener's shall answer.
    _emitCloseIfDrained(): void {
      if (!closing) listener._emitCloseIfDrained();
    },
  };
}

function notRunning(): Error {
  return Object.assign(new Error('Server is not running.'), { code: 'ERR_SERVER_NOT_RUNNING' });
}

function accessors(listener: Server): PropertyDescriptorMap {
  return {
    listening: { get: () => listener.listening },
    connections: { get: () => listener.connections },
    maxConnections: {
      get: () => listener.maxConnections,
      set: (count: number) => {
        listener.maxConnections = count;
      },
      enumerable: true,
    },
    blockList: {
      get: () => listener.blockList,
      set: (list: Server['blockList']) => {
        listener.blockList = list;
      },
    },
  };
}

async function dispose(listener: Server, server: Mounted): Promise<void> {
  // On another runtime the listener is that one's.
  const acceptor = listener[kAcceptor] as Acceptor | undefined;
  const { listening, pending } = acceptor ?? { listening: listener.listening, pending: false };
  if (!listening && !pending) return;
  await new Promise<void>((resolve, reject) => {
    server.close((error) => (error && listening ? reject(error) : resolve()));
  });
}

/** Node counts its sockets at their server: the listener has the same count. */
function shareCount(listener: Server, server: Mounted): void {
  Object.defineProperty(listener, '_connections', {
    get: () => server._connections,
    set: (count: number) => {
      server._connections = count;
    },
    enumerable: true,
  });
}

/**
 * Makes `server` listen by this package, and returns it. What it gets for that stands in a
 * prototype of its own: an object with accessors is slow to read, and `http` reads its server for
 * each request.
 */
export function mount<Kind extends builtin.Server>(
  server: Kind,
  options: ServerOptions,
  reading: Reading,
): Kind {
  const listener = net.createServer(listenerOptions(options, server instanceof tls.Server));
  const mounted = server as Kind & Mounted;
  const above: object = Object.create(Object.getPrototypeOf(mounted), accessors(listener));
  const own = {
    ...methods(listener, mounted),
    [Symbol.asyncDispose]: () => dispose(listener, mounted),
  };
  for (const name of Reflect.ownKeys(own)) {
    const value: unknown = Reflect.get(own, name);
    Object.defineProperty(above, name, { value, configurable: true, writable: true });
  }
  Object.setPrototypeOf(mounted, above);
  shareCount(listener, mounted);
  shareInCluster(listener, mounted);
  forwardEvents(listener, mounted, reading);
  return server;
}
