/** The module object that users get: one per profile, its parts shared. */
import type { EventEmitter } from 'node:events';
import type { Host } from '../transport/host.js';
import { isIP, isIPv4, isIPv6 } from '../util/ip.js';
import { replace } from '../util/replace.js';
import { BlockList } from './addresses/block_list.js';
import { BoundSocket, type BoundSocketOptions } from './addresses/bound_socket.js';
import { SocketAddress } from './addresses/socket_address.js';
import { isOurSocket } from './moving/ours.js';
import type * as wrapper from './moving/stream_wrapper.js';
import type { Callable } from './node/callable.js';
import { wrapping } from './node/tls_wrap.js';
import { normalizeArguments } from './options/arguments.js';
import {
  getDefaultAutoSelectFamily,
  getDefaultAutoSelectFamilyAttemptTimeout,
  setDefaultAutoSelectFamily,
  setDefaultAutoSelectFamilyAttemptTimeout,
} from './options/auto_select.js';
import type { ServerOptions } from './options/server_options.js';
import type { ConnectOptions } from './options/socket_options.js';
import type { Profile } from './profile.js';
import { makeServerClass, type Server } from './server/server.js';
import { connectNew } from './socket/connect_new.js';
import { makeSocketClass, Socket } from './socket/socket.js';

wrapping.begin = (socket) => {
  if (!isOurSocket(socket)) return;
  // Loaded here: a program that uses neither TLS nor HTTP/2 shall not pay for it.
  const { beginWrapping } = require('./moving/stream_wrapper.js') as typeof wrapper;
  beginWrapping(socket);
};

type ConnectListener = () => void;
type ConnectionListener = (socket: Socket) => void;

/** `connect` in each of its shapes; manual, `net.connect`. */
export interface Connect {
  (options: ConnectOptions, listener?: ConnectListener): Socket;
  (port: number, host?: string, listener?: ConnectListener): Socket;
  (port: number, listener?: ConnectListener): Socket;
  (path: string, listener?: ConnectListener): Socket;
}

/** `createServer`; manual, `net.createServer`. */
export interface CreateServer {
  (listener?: ConnectionListener): Server;
  (options: ServerOptions | null | undefined, listener?: ConnectionListener): Server;
}

/** Without a path `address()` is an `AddressInfo`, as the built-in has it. */
interface BoundSocketClass {
  readonly prototype: BoundSocket;
  new <Path extends string | undefined = undefined>(
    options?: BoundSocketOptions<Path>,
  ): BoundSocket<Path>;
}

/** The functions that each class of emitters has: `on`, `once`, `listenerCount`, … */
type EmitterStatics = Omit<typeof EventEmitter, 'prototype'>;

/** What `require('barewire')` gives. */
export interface NetModule {
  /**
   * Connects to a port, a path or what `options` say. Returns the socket at once; `'connect'` or
   * `'error'` follows. Throws `ERR_SOCKET_BAD_PORT`, `ERR_MISSING_ARGS`, … for bad arguments.
   */
  connect: Connect;
  /** The same as `connect`. */
  createConnection: Connect;
  /** Makes a server; `listener` listens for `'connection'`. It listens once `listen` is called. */
  createServer: CreateServer;
  /** A TCP or UNIX server; manual, `net.Server`. `new` may be left out. */
  Server: Callable<
    new (
      options?: ServerOptions | ConnectionListener | null,
      listener?: ConnectionListener,
    ) => Server
  > &
    EmitterStatics;
  /** A TCP or UNIX connection, or a pipe; manual, `net.Socket`. `new` may be left out. */
  Socket: typeof Socket;
  /** Addresses, ranges and subnets to keep away from; current `net.BlockList`. */
  BlockList: typeof BlockList;
  /** An IP address with a port; current `net.SocketAddress`. It does not change. */
  SocketAddress: typeof SocketAddress;
  /** A bound descriptor in search of a server or a socket; current `net.BoundSocket`. */
  BoundSocket: BoundSocketClass;
  /** The name that `Socket` had once. */
  Stream: typeof Socket;
  /** 4 or 6 for an IP address of that version, 0 for any other text. */
  isIP: typeof isIP;
  /** Whether it is an IPv4 address in dotted decimal. */
  isIPv4: typeof isIPv4;
  /** Whether it is an IPv6 address. */
  isIPv6: typeof isIPv6;
  /** What `autoSelectFamily` is where `connect` is not told. */
  getDefaultAutoSelectFamily: typeof getDefaultAutoSelectFamily;
  /** Sets what `autoSelectFamily` is where `connect` is not told. */
  setDefaultAutoSelectFamily: typeof setDefaultAutoSelectFamily;
  /** Milliseconds before the next address is tried, where `connect` is not told. */
  getDefaultAutoSelectFamilyAttemptTimeout: typeof getDefaultAutoSelectFamilyAttemptTimeout;
  /** Sets the milliseconds before the next address is tried; less than 10 is 10. */
  setDefaultAutoSelectFamilyAttemptTimeout: typeof setDefaultAutoSelectFamilyAttemptTimeout;
  /** @internal `[options, listener]` of what `connect` takes; tracers and mocks look for it. */
  _normalizeArgs: typeof normalizeArguments;
}

/** Puts the module of one profile together; on `host` where it is not this thread's own. */
export function makeNet(profile: Profile, host: Host | null = null): NetModule {
  const SocketClass = host === null ? Socket : makeSocketClass(host);
  const Server = makeServerClass(profile, host === null ? null : { host, SocketClass });
  const connect = (...args: unknown[]): Socket => connectNew(SocketClass, args, profile);
  return {
    connect,
    createConnection: connect,
    createServer: (
      options?: ServerOptions | ConnectionListener | null,
      listener?: ConnectionListener,
    ) => new Server(options, listener),
    Server,
    Socket: SocketClass,
    Stream: SocketClass,
    // As `node:net` has them: the published package loads each when it is asked for.
    get BlockList() {
      return BlockList;
    },
    set BlockList(value) {
      replace(this, 'BlockList', value);
    },
    get SocketAddress() {
      return SocketAddress;
    },
    set SocketAddress(value) {
      replace(this, 'SocketAddress', value);
    },
    get BoundSocket() {
      return BoundSocket;
    },
    set BoundSocket(value) {
      replace(this, 'BoundSocket', value);
    },
    isIP,
    isIPv4,
    isIPv6,
    getDefaultAutoSelectFamily,
    setDefaultAutoSelectFamily,
    getDefaultAutoSelectFamilyAttemptTimeout,
    setDefaultAutoSelectFamilyAttemptTimeout,
    _normalizeArgs: normalizeArguments,
  };
}
