/** `barewire/promises`: connecting, listening and closing as promises. */

import { isNative } from '../fallback/choose.js';
import type { NetModule } from '../net/module.js';
import { normalizeArguments } from '../net/options/arguments.js';
import { LISTEN_OPTIONS } from '../net/options/server_options.js';
import { CONNECT_OPTIONS } from '../net/options/socket_options.js';
import type {
  ConnectOptions,
  IterationOptions,
  ListenOptions,
  Server,
  ServerOptions,
  Socket,
} from '../net/public_types.js';
import { acceptWhenListened } from '../net/server/connection_iterator.js';
import { stateError } from '../util/errors.js';
import { flatOptions, option } from '../util/options.js';
import { replace } from '../util/replace.js';
import { validateObject } from '../util/validate.js';
import { type PromiseServer, withPromises } from './server.js';
import { checkedSignal, settle } from './settle.js';

/** Options of `listen(options)`: those of `createServer` and of `server.listen`. */
export interface ListenPromiseOptions extends ServerOptions, ListenOptions {
  /** A listener for `'connection'`. */
  connectionListener?: ((socket: Socket) => void) | undefined;
}

/** The argument shapes of `connect`. */
export interface ConnectPromise {
  (options: ConnectOptions): Promise<Socket>;
  (port: number, host?: string): Promise<Socket>;
  (path: string): Promise<Socket>;
}

/** The exports of `require('barewire/promises')`. */
export interface NetPromises
  extends Pick<
    NetModule,
    'BlockList' | 'BoundSocket' | 'SocketAddress' | 'isIP' | 'isIPv4' | 'isIPv6'
  > {
  /**
   * Fulfils with the socket once it is connected. If `'error'` comes first, destroys the socket
   * and rejects with that error. `signal` covers the connecting only.
   */
  connect: ConnectPromise;
  /**
   * Makes a server and fulfils once it listens. If `options` name no port, path, descriptor or
   * handle, the system chooses a port. Connections wait in the backlog until a program listens for
   * `'connection'` or iterates over the server. Rejects with the server's `'error'`. An abort of
   * `signal` closes the server at any time.
   */
  listen(options?: ListenPromiseOptions): Promise<PromiseServer>;
  /** `for await (const socket of connections(server, {signal}))`. */
  connections(
    server: Server | PromiseServer,
    options?: IterationOptions,
  ): AsyncIterableIterator<Socket, undefined>;
  /** Whether this is barewire; false where it can not run, on the runtime's own `net`. */
  isNative: boolean;
}

/** The options that say where to listen. Without any of them the system chooses a port. */
const TARGETS = ['port', 'path', 'fd', 'handle'] as const;

const itself = (error: unknown): unknown => error;

/** The options without the signal, which covers the connecting only. */
function withoutSignal(options: ConnectOptions): ConnectOptions {
  return { ...flatOptions(options, CONNECT_OPTIONS), signal: undefined };
}

async function connect(start: NetModule['connect'], args: readonly unknown[]): Promise<Socket> {
  const [options] = normalizeArguments<ConnectOptions, () => void>(args);
  const signal = checkedSignal(options);
  const socket = start(withoutSignal(options));
  const early = (): Error => stateError('ERR_SOCKET_CLOSED_BEFORE_CONNECTION');
  try {
    await settle(socket, { fulfil: 'connect', reject: { error: itself, close: early } }, signal);
  } catch (error) {
    socket.destroy();
    throw error;
  }
  return socket;
}

async function listen(
  create: NetModule['createServer'],
  options: ListenPromiseOptions,
): Promise<PromiseServer> {
  validateObject(options, 'options');
  const signal = checkedSignal(options);
  const server = create(options, option(options, 'connectionListener'));
  acceptWhenListened(server);
  const target = TARGETS.some((name) => option(options, name) !== undefined);
  try {
    server.listen(target ? options : { ...flatOptions(options, LISTEN_OPTIONS), port: 0 });
    await settle(server, { fulfil: 'listening', reject: { error: itself } }, signal);
  } catch (error) {
    server.close();
    throw error;
  }
  return withPromises(server);
}

/** Makes the promises of one profile. */
export function makePromises(net: NetModule): NetPromises {
  // Bound to locals now: a program may replace these functions by ones that use these promises.
  const { connect: start, createServer: create, isIP, isIPv4, isIPv6 } = net;
  return {
    connect: (...args: unknown[]) => connect(start, args),
    listen: (options = {}) => listen(create, options),
    connections: (server, options) => server[Symbol.asyncIterator](options),
    get BlockList() {
      return net.BlockList;
    },
    set BlockList(value) {
      replace(this, 'BlockList', value);
    },
    get SocketAddress() {
      return net.SocketAddress;
    },
    set SocketAddress(value) {
      replace(this, 'SocketAddress', value);
    },
    get BoundSocket() {
      return net.BoundSocket;
    },
    set BoundSocket(value) {
      replace(this, 'BoundSocket', value);
    },
    isIP,
    isIPv4,
    isIPv6,
    isNative,
  };
}
