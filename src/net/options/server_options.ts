/** What `createServer` and `listen` take, and what `'drop'` gives. */
import type { BlockListLike } from './socket_options.js';

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
  /** 0 to 65535; 0 is one that the system picks. */
  port?: number | string | undefined;
  /** The local address or name to bind. Default: every address (C031 in CONTRACT.md). */
  host?: string | undefined;
  /** A UNIX path of up to 108 bytes, or NUL and an abstract name. In place of a port. */
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
  /** The address that the peer connected to. */
  localAddress?: string;
  /** The port that the peer connected to. */
  localPort?: number;
  /** `'IPv4'` or `'IPv6'`. */
  localFamily?: string;
  /** The peer's address. */
  remoteAddress?: string;
  /** The peer's port. */
  remotePort?: number;
  /** `'IPv4'` or `'IPv6'`. */
  remoteFamily?: string;
}
