/** What `new Socket` and `connect` take. */
import type { Lookup } from '../../dial/target.js';

/** Reads into one buffer of the user's, without a stream in between. */
export interface OnReadOptions {
  /** The buffer, or a function that gives the next one. */
  buffer: Uint8Array | (() => Uint8Array);
  /** `bytes` were read into `buffer`; false stops reading until `resume()`. */
  callback: (bytes: number, buffer: Uint8Array) => boolean | undefined;
}

/** `new Socket(options)`; manual, `new net.Socket`. */
export interface SocketOptions {
  /** An existing descriptor: a connected stream socket or a pipe. The socket owns it then. */
  fd?: number | undefined;
  /** A `BoundSocket` to connect from, or another socket's handle. */
  handle?: object | null | undefined;
  /** Do not end the writable side by itself when the peer ends. Default false. */
  allowHalfOpen?: boolean | undefined;
  /** With `fd`: whether to read. Default false. */
  readable?: boolean | undefined;
  /** With `fd`: whether writes are allowed. Default false. */
  writable?: boolean | undefined;
  /** Destroys the socket when aborted. */
  signal?: AbortSignal | undefined;
  /**
   * Reads into a buffer of yours and calls back with the count, in place of `'data'`. Where it is
   * given, the socket emits no `'data'` and `read()` gives nothing.
   */
  onread?: OnReadOptions | null | undefined;
  /** TCP_NODELAY from the start. Default false. */
  noDelay?: boolean | undefined;
  /** SO_KEEPALIVE from the start. Default false. */
  keepAlive?: boolean | undefined;
  /** Milliseconds before the first keep-alive probe; 0 leaves the system's value. */
  keepAliveInitialDelay?: number | undefined;
  /** IP_TOS / IPV6_TCLASS, 0 to 255. */
  typeOfService?: number | undefined;
  /** Of both sides, in bytes: what the two options below are where they are not given. */
  highWaterMark?: number | undefined;
  /** Bytes that wait for a reader before reading stops. Default: that of Node's streams. */
  readableHighWaterMark?: number | undefined;
  /** Bytes that wait to be sent before `write()` returns false. Default: that of Node's streams. */
  writableHighWaterMark?: number | undefined;
  /** Addresses that `connect` refuses, with `ERR_IP_BLOCKED`. */
  blockList?: BlockListLike | undefined;
}

/** What is needed of a `BlockList`: ours and the built-in's both fit. */
export interface BlockListLike {
  /** Whether an address is on the list. `family` is `'ipv4'` where it is left out. */
  check(address: string, family?: 'ipv4' | 'ipv6'): boolean;
}

/** `connect(options)` to a host and port. */
export interface TcpConnectOptions extends SocketOptions {
  /** The peer's port, 0 to 65535. */
  port: number | string;
  /** A name or an IP address. Default `'localhost'`. */
  host?: string | undefined;
  /** The local address to bind. */
  localAddress?: string | undefined;
  /** The local port to bind. Default: one that the system picks. */
  localPort?: number | undefined;
  /** 4, 6, or 0 for both (default). */
  family?: number | string | undefined;
  /** Hints for `dns.lookup`. */
  hints?: number | undefined;
  /** In place of `dns.lookup`. */
  lookup?: Lookup | undefined;
  /** Try every address of the name. Default: what `getDefaultAutoSelectFamily()` says. */
  autoSelectFamily?: boolean | undefined;
  /** Milliseconds before the next address is tried; at least 10. */
  autoSelectFamilyAttemptTimeout?: number | undefined;
  /** Milliseconds of inactivity before `'timeout'`. */
  timeout?: number | undefined;
}

/** `connect(options)` to a UNIX path, or an abstract name that begins with NUL. */
export interface PathConnectOptions extends SocketOptions {
  /** A path of up to 108 bytes, or NUL and an abstract name. */
  path: string;
  /** Milliseconds of inactivity before `'timeout'`. */
  timeout?: number | undefined;
}

/** What `connect(options)` takes: a host and a port, or a path. */
export type ConnectOptions = TcpConnectOptions | PathConnectOptions;

/** All that `connect` reads of its options; `new Socket` has read others of the same object. */
export const CONNECT_OPTIONS = [
  'port',
  'path',
  'host',
  'localAddress',
  'localPort',
  'family',
  'hints',
  'lookup',
  'autoSelectFamily',
  'autoSelectFamilyAttemptTimeout',
] as const satisfies readonly (keyof LooseConnectOptions)[];

/** The options as they arrive from users: nothing of them is certain. */
export interface LooseConnectOptions extends SocketOptions {
  port?: unknown;
  path?: unknown;
  host?: unknown;
  localAddress?: unknown;
  localPort?: unknown;
  family?: unknown;
  hints?: unknown;
  lookup?: unknown;
  autoSelectFamily?: unknown;
  autoSelectFamilyAttemptTimeout?: unknown;
  timeout?: unknown;
}
