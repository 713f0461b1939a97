/** `Server`: the public surface. It listens by `listen.ts`, and accepts by `acceptor.ts`. */
import { addAbortListener, captureRejectionSymbol, EventEmitter } from 'node:events';
import { type Host, systemHost } from '../../transport/host.js';
import { invalidArgType, stateError } from '../../util/errors.js';
import { option, ownOptions, pick } from '../../util/options.js';
import { systemError } from '../../util/system_error.js';
import { validateAbortSignal, validateNumber } from '../../util/validate.js';
import type { AddressInfo } from '../addresses/address_info.js';
import { validateBlockList } from '../addresses/block_list.js';
import { type Callable, makeCallable } from '../node/callable.js';
import { normalizeArguments, toCount } from '../options/arguments.js';
import { defaultHighWaterMark } from '../options/high_water_mark.js';
import {
  LISTEN_OPTIONS,
  type ListenOptions,
  type LooseListenOptions,
  type ServerOptions,
} from '../options/server_options.js';
import type { BlockListLike } from '../options/socket_options.js';
import { manualProfile, type Profile } from '../profile.js';
import { Socket } from '../socket/socket.js';
import { kAcceptor, kSetup } from '../symbols.js';
import { Acceptor, type ServerSetup, type SocketConstructor } from './acceptor.js';
import { ConnectionIterator, type IterationOptions } from './connection_iterator.js';
import { TypedEmitter } from './events.js';
import type { ServerHandle } from './handle.js';
import { listen } from './listen.js';
import type { ChildSocketList } from './worker_list.js';

type ConnectionListener = (socket: Socket) => void;
type Listening = () => void;

class ServerClass extends TypedEmitter {
  /** @internal */
  declare [kAcceptor]: Acceptor;
  /** @internal */
  declare _connections: number;
  declare _pipeName: string | undefined;
  /** Connections do not end their writable side by themselves; the option. */
  declare allowHalfOpen: boolean;
  /** Connections are handed over paused; the option. */
  declare pauseOnConnect: boolean;
  /** TCP_NODELAY on every connection; the option. */
  declare noDelay: boolean;
  /** SO_KEEPALIVE on every connection; the option. */
  declare keepAlive: boolean;
  /** Seconds. */
  declare keepAliveInitialDelay: number;
  /** Of both sides of every connection, in bytes; the option, or what Node's streams have. */
  declare highWaterMark: number;
  /** Connections from these addresses are closed at once; the option. */
  declare blockList: BlockListLike | undefined;

  /** What was bound, as cluster's primary names it: `4:0.0.0.0:80`. @internal */
  declare _connectionKey: string | undefined;

  /**
   * The number of connections, and null once one was sent to a child; deprecated in favour of
   * `getConnections`; manual. Typed as Node's own types have it, without the null.
   */
  declare readonly connections: number;

  /** Connections over this number are closed at once; manual, `server.maxConnections`. */
  declare maxConnections: number;

  /**
   * A `cluster` worker with `maxConnections` drops what comes over that, in place of leaving it
   * to another worker.
   */
  declare dropMaxConnection: boolean | undefined;

  constructor(options?: ServerOptions | ConnectionListener | null, listener?: ConnectionListener) {
    super();
    initialiseServer(this, options, listener);
  }

  /** What servers of this class stand on. @internal */
  get [kSetup](): ServerSetup {
    return { host: systemHost(), profile: manualProfile, SocketClass: Socket };
  }

  /**
   * Begins to accept connections; manual, `server.listen`. `'listening'` or `'error'` follows.
   * Throws `ERR_SERVER_ALREADY_LISTEN`, `ERR_SOCKET_BAD_PORT`, `ERR_INVALID_ARG_VALUE`.
   */
  listen(port?: number, host?: string, backlog?: number, listener?: Listening): this;
  listen(port?: number, host?: string, listener?: Listening): this;
  listen(port?: number, backlog?: number, listener?: Listening): this;
  listen(port?: number, listener?: Listening): this;
  listen(path: string, backlog?: number, listener?: Listening): this;
  listen(path: string, listener?: Listening): this;
  listen(options: ListenOptions, listener?: Listening): this;
  listen(handle: object, backlog?: number, listener?: Listening): this;
  listen(handle: object, listener?: Listening): this;
  listen(...args: unknown[]): this {
    const [options, listener] = normalizeArguments<LooseListenOptions, Listening>(args);
    if (this.listening) throw stateError('ERR_SERVER_ALREADY_LISTEN');
    if (listener !== null) this.once('listening', listener);
    const backlog = toCount(args.length > 1 && args[1]) || toCount(args.length > 2 && args[2]) || 0;
    const acceptor = this[kAcceptor];
    acceptor.unwatch();
    const picked = pick(options, LISTEN_OPTIONS);
    if (picked.signal !== undefined) acceptor.watch(closeOnAbort(this, picked.signal));
    const count = typeof args[0] === 'function' ? 0 : args.length;
    try {
      listen(this, options, picked, backlog, count);
    } catch (error) {
      acceptor.unwatch();
      throw error;
    }
    return this;
  }

  /** @internal */
  _listenFailed(error: Error): void {
    if (!this[kAcceptor].profile.closeAfterError) {
      this.emit('error', error);
      return;
    }
    try {
      this.emit('error', error);
    } finally {
      if (!this.listening) this._emitCloseIfDrained();
    }
  }

  /** What packages look for to see whether the server listens; null where it does not. */
  get _handle(): ServerHandle | null {
    return this[kAcceptor].getHandle();
  }

  /** Whether the server accepts connections. */
  get listening(): boolean {
    return this[kAcceptor].listening;
  }

  /**
   * The bound address as the system reports it, the path of a UNIX server, or null where the
   * server does not listen; manual, `server.address`.
   */
  address(): AddressInfo | string | null {
    const { listener, share } = this[kAcceptor];
    if (listener === null && share === null) return null;
    const path = option(this, '_pipeName');
    if (path !== undefined) return path;
    if (listener === null) return share?.address() ?? null;
    const info: Partial<AddressInfo> = {};
    const status = this._handle?.getsockname(info) ?? 0;
    if (status < 0) throw systemError(status, 'address');
    const { address = '', family, port } = info;
    return family === undefined || port === undefined ? address : { address, family, port };
  }

  /**
   * Stops accepting and keeps the connections; `'close'` when the last has ended. The callback
   * gets `ERR_SERVER_NOT_RUNNING` where the server did not listen; manual, `server.close`.
   */
  close(callback?: (error?: Error) => void): this {
    const acceptor = this[kAcceptor];
    acceptor.listeningId++;
    if (typeof callback === 'function') {
      if (acceptor.listening) this.once('close', callback);
      else this.once('close', () => callback(stateError('ERR_SERVER_NOT_RUNNING')));
    }
    acceptor.stop();
    this._pipeName = undefined;
    acceptor.waitForWorkers();
    this._emitCloseIfDrained();
    return this;
  }

  /** @internal */
  _emitCloseIfDrained(): void {
    if (this.listening || this._connections > 0 || this[kAcceptor].waitsForWorkers) return;
    this[kAcceptor].host.clock.nextTick(() => this.emit('close'));
  }

  /** Closes the server, also one that begins to listen; resolves at once where it does not. */
  async [Symbol.asyncDispose](): Promise<void> {
    const { listening, pending } = this[kAcceptor];
    if (!listening && !pending) return;
    await new Promise<void>((resolve, reject) => {
      // To one that was about to listen, `close` says that it does not.
      this.close((error) => (error && listening ? reject(error) : resolve()));
    });
  }

  /**
   * Each connection in turn, by `for await`. One is accepted only when the loop asks for it. The
   * loop ends with the server's `'close'`, and throws its `'error'`; leaving the loop leaves the
   * server as it is, and connections that nobody listens for stay in the backlog.
   */
  [Symbol.asyncIterator](options?: IterationOptions): AsyncIterableIterator<Socket, undefined> {
    return new ConnectionIterator(this, options);
  }

  /** @internal Called by child_process for each child that got a socket of this server. */
  _setupWorker(list: ChildSocketList): void {
    this[kAcceptor].workers.add(list);
  }

  /** Calls back, later, with the number of connections; manual, `server.getConnections`. */
  getConnections(callback: (error: Error | null, count: number) => void): this {
    const { workers } = this[kAcceptor];
    workers.count((error, elsewhere) => {
      process.nextTick(callback, error, error ? undefined : this._connections + elsewhere);
    });
    return this;
  }

  /** The process may end while this server is all that is left; manual, `server.unref`. */
  unref(): this {
    this[kAcceptor].setReferenced(false);
    return this;
  }

  /** Undoes `unref()`; manual, `server.ref`. */
  ref(): this {
    this[kAcceptor].setReferenced(true);
    return this;
  }

  /** A rejected promise of an async handler, with `captureRejections`. */
  override [captureRejectionSymbol](error: Error, event: string, ...args: unknown[]): void {
    if (event === 'connection') (args[0] as Socket).destroy(error);
    else this.emit('error', error);
  }
}

Object.defineProperty(ServerClass.prototype, 'connections', {
  get(this: ServerClass): number | null {
    return this[kAcceptor].workers.used ? null : this._connections;
  },
  configurable: true,
});

/** Closes `server` when `signal` is aborted, until that is disposed of. */
function closeOnAbort(server: ServerClass, signal: AbortSignal): Disposable {
  validateAbortSignal(signal, 'options.signal');
  if (!signal.aborted) return addAbortListener(signal, () => server.close());
  let wanted = true;
  process.nextTick(() => {
    if (wanted) server.close();
  });
  return {
    [Symbol.dispose]() {
      wanted = false;
    },
  };
}

function takeOptions(server: ServerClass, options: ServerOptions): void {
  if (options.keepAliveInitialDelay !== undefined) {
    validateNumber(options.keepAliveInitialDelay, 'options.keepAliveInitialDelay');
  }
  if (options.highWaterMark !== undefined) {
    validateNumber(options.highWaterMark, 'options.highWaterMark');
  }
  const { blockList, highWaterMark = -1, keepAliveInitialDelay = 0 } = options;
  server.allowHalfOpen = options.allowHalfOpen || false;
  server.pauseOnConnect = Boolean(options.pauseOnConnect);
  server.noDelay = Boolean(options.noDelay);
  server.keepAlive = Boolean(options.keepAlive);
  server.keepAliveInitialDelay = Math.trunc(Math.max(keepAliveInitialDelay, 0) / 1000);
  server.highWaterMark = highWaterMark < 0 ? defaultHighWaterMark() : highWaterMark;
  if (blockList) {
    validateBlockList(blockList);
    server.blockList = blockList;
  }
}

function initialiseServer(
  server: ServerClass,
  options?: ServerOptions | ConnectionListener | null,
  listener?: ConnectionListener,
): void {
  let given: ServerOptions = ownOptions({});
  if (typeof options === 'function') server.on('connection', options);
  else if (options === undefined || options === null || typeof options === 'object') {
    given = ownOptions(options ?? {});
    if (typeof listener === 'function') server.on('connection', listener);
  } else throw invalidArgType('options', 'Object', options);
  server._connections = 0;
  server[kAcceptor] = new Acceptor(server, server[kSetup]);
  takeOptions(server, given);
}

function initialise(
  self: ServerClass,
  options?: ServerOptions | ConnectionListener | null,
  listener?: ConnectionListener,
): void {
  Reflect.apply(EventEmitter as unknown as () => void, self, []);
  initialiseServer(self, options, listener);
}

/** A server class of the given profile; on `on`'s host where one is given. */
export function makeServerClass(
  profile: Profile,
  on: { host: Host; SocketClass: SocketConstructor } | null = null,
): Callable<typeof ServerClass> {
  class Server extends ServerClass {
    override get [kSetup](): ServerSetup {
      return {
        host: on?.host ?? systemHost(),
        profile,
        SocketClass: on?.SocketClass ?? Socket,
      };
    }
  }
  return makeCallable('Server', Server, initialise);
}

/** A TCP or UNIX server; manual, `net.Server`. */
export interface Server extends ServerClass {}
