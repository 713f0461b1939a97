/**
 * `Socket`: the public surface. What it does stands elsewhere: `create.ts` makes
 * one, `connect.ts` connects it, `connection/` moves its bytes, `set_options.ts` sets its options.
 */
import type { Server as BuiltinServer } from 'node:net';
import { Duplex } from 'node:stream';
import { afterHandlers } from '../../transport/after_handlers.js';
import { type Host, systemHost } from '../../transport/host.js';
import { stateError } from '../../util/errors.js';
import { option } from '../../util/options.js';
import { errno, systemError } from '../../util/system_error.js';
import { validateDuration, validateFunction } from '../../util/validate.js';
import { type AddressInfo, addressInfo } from '../addresses/address_info.js';
import { emitClose } from '../connection/close.js';
import type { Connection } from '../connection/connection.js';
import { uncount } from '../connection/counting.js';
import type { CountingServer, WriteCallback } from '../connection/duplex.js';
import type { LooseHandle } from '../connection/handle.js';
import { takeProgress, writeMany, writeOne } from '../connection/outgoing.js';
import { registerOwn } from '../connection/overrides.js';
import { makeCallable, type Named } from '../node/callable.js';
import { debug } from '../node/debug_log.js';
import type { ReadableInternals, WritableInternals } from '../node/stream_state.js';
import { noteFlow, on } from '../node/tls_wrap.js';
import type { BlockListLike, ConnectOptions, SocketOptions } from '../options/socket_options.js';
import { kConnection, kHost } from '../symbols.js';
import { hasInstance, root } from './builtin_socket.js';
import {
  connectArguments,
  connectEnded,
  connectSocket,
  finishLater,
  readLater,
} from './connect.js';
import {
  duplexOptions,
  initialiseSocket,
  onPeerEnded,
  seldomSet,
  socketOptions,
} from './create.js';
import { TypedDuplex } from './events.js';
import { parserProperty } from './parser_property.js';
import { followPipe } from './pipe.js';
import {
  getTypeOfService,
  type KeepAliveOptions,
  setKeepAlive,
  setNoDelay,
  setTypeOfService,
} from './set_options.js';
import { end, write } from './write.js';

type ConnectListener = () => void;

class SocketClass extends TypedDuplex {
  /** @internal */
  declare [kConnection]: Connection;
  declare readonly _readableState: ReadableInternals;
  declare readonly _writableState: WritableInternals;
  declare _undestroy: () => void;
  declare readonly _events: { readonly data?: (() => void) | readonly unknown[] };
  /** What Writable holds back behind the write under way. @internal */
  declare writableBuffer: readonly { chunk: unknown }[];
  declare _host: string | null;
  declare _parent: SocketClass | null;
  declare _hadError: boolean;
  declare _aborted: boolean;
  declare _server: CountingServer | null;
  /** The server that accepted this connection; null for a client's. */
  declare server: BuiltinServer | null;
  /** The `blockList` option, as it was given. */
  declare blockList: BlockListLike | undefined;

  /** A connection is being made; manual (current), `socket.connecting`. */
  declare connecting: boolean;
  /** The idle time-out in milliseconds as it was set; undefined where it never was. */
  declare timeout: number | undefined;
  /** `address:port` of each attempt, where several addresses were tried. */
  declare autoSelectFamilyAttemptedAddresses: string[];

  constructor(options?: SocketOptions | number) {
    const checked = socketOptions(options);
    super(duplexOptions(checked));
    initialiseSocket(this, this[kHost](), checked);
  }

  /** @internal */
  [kHost](): Host {
    return systemHost();
  }

  /**
   * Connects; manual, `socket.connect`. Returns the socket at once; `'connect'` or `'error'`
   * follows. Throws `ERR_MISSING_ARGS`, `ERR_SOCKET_BAD_PORT`, `ERR_INVALID_ARG_TYPE`, … for bad
   * arguments. A destroyed socket can be connected again.
   */
  connect(options: ConnectOptions, listener?: ConnectListener): this;
  connect(port: number, host: string, listener?: ConnectListener): this;
  connect(port: number, listener?: ConnectListener): this;
  connect(path: string, listener?: ConnectListener): this;
  connect(...args: unknown[]): this {
    connectSocket(this, this[kConnection], ...connectArguments(args));
    return this;
  }

  /** @internal */
  _connectEnded(status: number): void {
    connectEnded(this, status);
  }

  override _read(): void {
    const connection = this[kConnection];
    if (this.connecting || !connection.open || connection.unconnected) readLater(this);
    else connection.startReading();
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, callback: WriteCallback): void {
    const connection = this[kConnection];
    if (connection.stream === null && !this.connecting) callback(stateError('ERR_SOCKET_CLOSED'));
    else writeOne(connection, chunk, callback);
  }

  override _writev(entries: { chunk: Uint8Array }[], callback: WriteCallback): void {
    const connection = this[kConnection];
    if (connection.stream === null && !this.connecting) callback(stateError('ERR_SOCKET_CLOSED'));
    else {
      const chunks = entries.map(({ chunk }) => chunk);
      writeMany(connection, chunks, callback);
    }
  }

  override _final(callback: WriteCallback): void {
    if (this[kConnection].isFlushingLast) return;
    if (this.connecting) {
      finishLater(this, callback);
      return;
    }
    // FIN leaves at once. Writable hears of it behind the ticks and promise jobs of now, as it does
    // from the built-in: what runs behind 'end' finds a socket that is not finished and destroyed.
    const connection = this[kConnection];
    const status = connection.shutdown();
    const isDone = status === 0 || status === -errno.ENOTCONN;
    const error = isDone ? null : systemError(status, 'shutdown');
    afterHandlers(connection.host, connection.context, () => callback(error));
  }

  /**
   * Closes the connection at once; what is not sent is dropped. `'error'` follows where `error` is
   * given, then `'close'`; manual, `socket.destroy`.
   */
  override destroy(error?: Error): this {
    if (!this.destroyed) this[kConnection]?.finishWrites();
    return super.destroy(error);
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    const connection = this[kConnection];
    this.connecting = false;
    debug('close, error %s', error);
    connection.destroy();
    callback(error);
    emitClose(connection, error !== null);
    const server = this._server;
    if (server !== null) uncount(server);
  }

  /** Ends the writable side, and destroys the socket when all is written. */
  destroySoon(): void {
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once('finish', this.destroy);
  }

  /**
   * Closes a TCP connection with RST. Throws `ERR_INVALID_HANDLE_TYPE` for a UNIX socket; one that
   * is closed gets the error `ERR_SOCKET_CLOSED`. While connecting it waits for the connection.
   */
  resetAndDestroy(): this {
    const connection = this[kConnection];
    if (!connection.open) return this.destroy(stateError('ERR_SOCKET_CLOSED'));
    const { AF_INET, AF_INET6 } = connection.host.kernel.constants;
    const family = connection.stream?.family ?? AF_INET;
    if (family !== AF_INET && family !== AF_INET6) throw stateError('ERR_INVALID_HANDLE_TYPE');
    if (this.connecting) this.once('connect', () => this._reset());
    else this._reset();
    return this;
  }

  /** @internal */
  _reset(): this {
    this[kConnection].resetOnDestroy = true;
    return this.destroy();
  }

  /** Writes to `to` what arrives. The kernel moves the bytes where `to` is such a socket too. */
  override pipe<To extends NodeJS.WritableStream>(to: To, options?: { end?: boolean }): To {
    return followPipe(this, super.pipe(to, options));
  }

  /** Ends what `pipe` began: to `from`, or to all. */
  override unpipe(from?: NodeJS.WritableStream): this {
    super.unpipe(from);
    this[kConnection].forward?.leave();
    return this;
  }

  /** Stops reading: no `'data'` until `resume()`. The peer is slowed down by TCP; manual. */
  override pause(): this {
    noteFlow(this);
    if (this[kConnection].userRead !== null && !this.connecting)
      this[kConnection].stream?.stopReading();
    return super.pause();
  }

  /** Reads again after `pause()`; manual, `socket.resume`. */
  override resume(): this {
    if (this[kConnection].userRead !== null && !this.connecting) this[kConnection].startReading();
    return super.resume();
  }

  /** What was received and not read yet, or `size` bytes of it; null where there is none. */
  // biome-ignore lint/suspicious/noExplicitAny: Duplex's own signature, which this one must fit
  override read(size?: number): any {
    if (this[kConnection].userRead !== null && !this.connecting) this[kConnection].startReading();
    return super.read(size);
  }

  /**
   * Emits `'timeout'` after `timeoutMs` of inactivity; 0 turns it off. The callback is a one-time
   * listener; manual, `socket.setTimeout`. Throws `ERR_OUT_OF_RANGE` for a negative time.
   */
  setTimeout(timeoutMs: number, callback?: () => void): this {
    if (this.destroyed) return this;
    this.timeout = timeoutMs;
    const checked = validateDuration(timeoutMs, 'msecs');
    if (callback !== undefined) validateFunction(callback, 'callback');
    this[kConnection].setIdleTimeout(checked);
    if (callback !== undefined) {
      if (checked === 0) this.removeListener('timeout', callback);
      else this.once('timeout', callback);
    }
    return this;
  }

  /** @internal */
  _onTimeout(): void {
    const connection = this[kConnection];
    // A large write that goes on slowly is not idle, as in `node:net`.
    if (takeProgress(connection)) connection.active();
    else this.emit('timeout');
  }

  /** @internal */
  _unrefTimer(): void {
    this[kConnection].active();
  }

  /** Turns Nagle's algorithm off (true) or on; TCP_NODELAY; manual, `socket.setNoDelay`. */
  setNoDelay(noDelay = true): this {
    setNoDelay(this, Boolean(noDelay));
    return this;
  }

  /**
   * SO_KEEPALIVE and its times in ms; 0 leaves the system's. With a delay, an absent interval is a
   * second and an absent count 10; `barewire`'s `connect` and servers leave them. Manual, C074.
   */
  setKeepAlive(
    enable?: boolean | KeepAliveOptions,
    initialDelayMs?: number,
    intervalMs?: number,
    count?: number,
  ): this {
    const options =
      typeof enable === 'object' && enable !== null
        ? enable
        : { enable, initialDelay: initialDelayMs, interval: intervalMs, count };
    setKeepAlive(this, options);
    return this;
  }

  /** IP_TOS or IPV6_TCLASS, 0 to 255. Throws a system error where the kernel refuses. */
  setTypeOfService(tos: number): this {
    setTypeOfService(this, tos);
    return this;
  }

  /** The type of service as the kernel has it, or as it was set before connecting; else 0. */
  getTypeOfService(): number {
    return getTypeOfService(this);
  }

  /** The process may end while this is all that is left; manual, `socket.unref`. */
  unref(): this {
    const connection = this[kConnection];
    connection.referenced = false;
    connection.stream?.unref();
    connection.extras.dial?.unref();
    return this;
  }

  /** Undoes `unref()`; manual, `socket.ref`. */
  ref(): this {
    const connection = this[kConnection];
    connection.referenced = true;
    connection.stream?.ref();
    connection.extras.dial?.ref();
    return this;
  }

  /** The local end as `{port, family, address}`; `{}` where there is none; manual. */
  address(): Partial<AddressInfo> {
    return this._getsockname();
  }

  /** @internal */
  _getsockname(): Partial<AddressInfo> {
    const connection = this[kConnection];
    if (connection === undefined || connection.stream === null) return {};
    const { stream, extras } = connection;
    if (extras.bound?.path !== undefined) return { address: extras.bound.path };
    if (extras.local !== null) return extras.local;
    const local = addressInfo(stream, stream.localAddress());
    if (local !== null) connection.ownExtras().local = local;
    return local ?? {};
  }

  /** @internal */
  _getpeername(): Partial<AddressInfo> {
    const connection = this[kConnection];
    if (connection?.stream && !this.connecting) {
      const { stream, extras } = connection;
      if (extras.peer === null) {
        const peer = addressInfo(stream, stream.peerAddress());
        if (peer !== null) connection.ownExtras().peer = peer;
      }
    }
    return connection?.extras.peer ?? {};
  }

  /** The peer's IP address; undefined where there is no connection, or on UNIX; manual. */
  get remoteAddress(): string | undefined {
    return option(this._getpeername(), 'address');
  }

  /** The peer's port; undefined as `remoteAddress` is; manual. */
  get remotePort(): number | undefined {
    return option(this._getpeername(), 'port');
  }

  /** `'IPv4'` or `'IPv6'`; undefined as `remoteAddress` is. */
  get remoteFamily(): string | undefined {
    return option(this._getpeername(), 'family');
  }

  /** The IP address that the peer connected to, or that we connected from; manual. */
  get localAddress(): string | undefined {
    return option(this._getsockname(), 'address');
  }

  /** The local port; manual. */
  get localPort(): number | undefined {
    return option(this._getsockname(), 'port');
  }

  /** `'IPv4'` or `'IPv6'`. */
  get localFamily(): string | undefined {
    return option(this._getsockname(), 'family');
  }

  /** Bytes received so far, also after close; manual, `socket.bytesRead`. */
  get bytesRead(): number {
    const connection = this[kConnection];
    return connection?.stream?.bytesRead ?? connection?.bytesReadBefore;
  }

  /** Bytes written so far, those still queued included; manual, `socket.bytesWritten`. */
  get bytesWritten(): number {
    const connection = this[kConnection];
    return (
      connection &&
      connection.completedBytes + this.writableLength - connection.extras.alsoInWritable
    );
  }

  /** Bytes waiting to be written; undefined where there is no connection; manual. */
  get bufferSize(): number {
    // Typed as `@types/node` has it, which knows nothing of undefined.
    return (this[kConnection]?.open ? this.writableLength : undefined) as number;
  }

  /** Not connected yet, or no more. */
  get pending(): boolean {
    return !this[kConnection]?.open || this.connecting;
  }

  /**
   * `'opening'` while it connects, `'open'`, `'readOnly'` once `end()` was called, `'writeOnly'`
   * once the peer has ended, `'closed'`.
   */
  get readyState(): 'opening' | 'open' | 'readOnly' | 'writeOnly' | 'closed' {
    if (this.connecting) return 'opening';
    if (this.readable) return this.writable ? 'open' : 'readOnly';
    return this.writable ? 'writeOnly' : 'closed';
  }

  /** What packages look for to see whether there is a connection; null where there is none. */
  get _handle(): LooseHandle | null {
    return this[kConnection]?.getHandle();
  }

  set _handle(handle: LooseHandle | null) {
    this[kConnection].setHandle(handle);
  }

  /** @internal */
  get _connecting(): boolean {
    return this.connecting;
  }
}

function init(self: SocketClass, options?: SocketOptions | number): void {
  const checked = socketOptions(options);
  Reflect.apply(Duplex as unknown as () => void, self, [duplexOptions(checked)]);
  initialiseSocket(self, self[kHost](), checked);
}

Object.assign(SocketClass.prototype, { write, end, on }, seldomSet);
const { connect, _write, _writev, _final, read } = SocketClass.prototype;
registerOwn({ connect, write, _write, _writev, _final, read, on, onPeerEnded });
root.prototype = SocketClass.prototype;
Object.defineProperty(SocketClass, 'name', { value: 'Socket' });
Object.defineProperty(SocketClass, Symbol.hasInstance, { value: hasInstance, configurable: true });
Object.defineProperty(SocketClass.prototype, 'parser', parserProperty);

/** A TCP or UNIX connection, or a pipe; manual, `net.Socket`. */
export interface Socket extends SocketClass {}
export const Socket: Named<typeof SocketClass, Socket> = makeCallable('Socket', SocketClass, init);

/** A class of sockets that stand on `host` in place of this thread's; for simulations. */
export function makeSocketClass(host: Host): Named<typeof SocketClass, SocketClass> {
  class Socket extends SocketClass {
    override [kHost](): Host {
      return host;
    }
  }
  return makeCallable('Socket', Socket, init);
}
