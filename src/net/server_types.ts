/** What `createServer` and `listen` take, and what `'drop'` gives. */
import type { BlockListLike } from './socket_types.js';

/** `createServer(options)`; manual, `net.createServer`. */
export interface ServerOptions {
  /** Connections do not end their writable side by themselves. Default false. */
  allowHalfOpen?: boolean | undefined;
  /** Connections are handed over paused, nothing read. Default false. */
  pauseOnConnect?: boolean | undefined;
  /** TCP_NODELAY on every connection. Default false. */
  noDelay?: boolean | undefined;
  /** SO_KEEPALIVE on every connection. Default false. */
  keepAlive?: boolean | undefined;
  /** Milliseconds before the first probe. Default 0, the system's value. */
  keepAliveInitialDelay?: number | undefined;
  /** Of both sides of every connection, in bytes. Default: that of Node's streams. */
  highWaterMark?: number | undefined;
  /** Connections from these addresses are closed at once. */
  blockList?: BlockListLike | undefined;
}

/** `server.listen(options)`. */
export interface ListenOptions {
  port?: number | string | undefined;
  host?: string | undefined;
  path?: string | undefined;
  /** A `BoundSocket`, another server, a socket, … */
  handle?: object | undefined;
  /** A descriptor that is bound already. */
  fd?: number | undefined;
  /** The most connections that wait to be accepted. Default 511. */
  backlog?: number | undefined;
  /** Do not share the port among cluster workers. Default false. */
  exclusive?: boolean | undefined;
  /** Do not accept IPv4 on `::`. Default false. */
  ipv6Only?: boolean | undefined;
  /** SO_REUSEPORT: several sockets listen on one port. Default false. */
  reusePort?: boolean | undefined;
  /** Everybody may read from the UNIX socket. Default false. */
  readableAll?: boolean | undefined;
  /** Everybody may write to the UNIX socket. Default false. */
  writableAll?: boolean | undefined;
  /** Closes the server when aborted. */
  signal?: AbortSignal | undefined;
}

/** The options as they arrive from users. */
export interface LooseListenOptions extends Omit<ListenOptions, 'port' | 'path' | 'handle'> {
  port?: unknown;
  path?: unknown;
  _handle?: unknown;
  handle?: unknown;
}

/** All that `listen` reads of its options. */
export const LISTEN_OPTIONS = [
  'port',
  'host',
  'path',
  '_handle',
  'handle',
  'fd',
  'backlog',
  'exclusive',
  'ipv6Only',
  'reusePort',
  'readableAll',
  'writableAll',
  'signal',
] as const satisfies readonly (keyof LooseListenOptions)[];

/** A connection that was not accepted, since there were `maxConnections`. */
export interface DropInfo {
  localAddress?: string;
  localPort?: number;
  localFamily?: string;
  remoteAddress?: string;
  remotePort?: number;
  remoteFamily?: string;
}
