/** The module object that users get: one per profile, its parts shared. */
import type { Host } from '../transport/host.js';
import { isIP, isIPv4, isIPv6 } from '../util/ip.js';
import { replace } from '../util/replace.js';
import { normalizeArguments } from './arguments.js';
import {
  getDefaultAutoSelectFamily,
  getDefaultAutoSelectFamilyAttemptTimeout,
  setDefaultAutoSelectFamily,
  setDefaultAutoSelectFamilyAttemptTimeout,
} from './auto_select.js';
import { BlockList } from './block_list.js';
import { BoundSocket } from './bound_socket.js';
import type { Callable } from './callable.js';
import { connectNew } from './connect_new.js';
import type { Profile } from './profile.js';
import { makeServerClass, type Server } from './server.js';
import type { ServerOptions } from './server_types.js';
import { makeSocketClass, Socket } from './socket.js';
import { SocketAddress } from './socket_address.js';
import type { ConnectOptions } from './socket_types.js';

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

/** What `require('barewire')` gives. */
export interface NetModule {
  connect: Connect;
  createConnection: Connect;
  createServer: CreateServer;
  Server: Callable<
    new (
      options?: ServerOptions | ConnectionListener | null,
      listener?: ConnectionListener,
    ) => Server
  >;
  Socket: typeof Socket;
  BlockList: typeof BlockList;
  SocketAddress: typeof SocketAddress;
  BoundSocket: typeof BoundSocket;
  /** The name that `Socket` had once. */
  Stream: typeof Socket;
  isIP: typeof isIP;
  isIPv4: typeof isIPv4;
  isIPv6: typeof isIPv6;
  getDefaultAutoSelectFamily: typeof getDefaultAutoSelectFamily;
  setDefaultAutoSelectFamily: typeof setDefaultAutoSelectFamily;
  getDefaultAutoSelectFamilyAttemptTimeout: typeof getDefaultAutoSelectFamilyAttemptTimeout;
  setDefaultAutoSelectFamilyAttemptTimeout: typeof setDefaultAutoSelectFamilyAttemptTimeout;
  /** @internal `[options, listener]` of what `connect` takes; tracers and mocks look for it. */
  _normalizeArgs: typeof normalizeArguments;
}

/** Puts the module of one profile together; on `host` where it is not this thread's own. */
export function makeNet(profile: Profile, host: Host | null = null): NetModule {
  const SocketClass = host === null ? Socket : makeSocketClass(host);
  const Server = makeServerClass(profile, host === null ? null : { host, SocketClass });
  const connect = (...args: unknown[]): Socket => connectNew(SocketClass, args);
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
