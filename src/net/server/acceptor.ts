/** What stands behind a server: its listener, and the sockets made from what it accepts. */
import { AsyncResource } from 'node:async_hooks';
import { channel } from 'node:diagnostics_channel';
import { Duplex } from 'node:stream';
import type { SocketFile } from '../../transport/bind.js';
import { familyOf } from '../../transport/bind.js';
import type { Host } from '../../transport/host.js';
import { Listener, type ListenerOwner } from '../../transport/listener.js';
import { Stream } from '../../transport/stream.js';
import { NO_OWNER } from '../../transport/stream_owner.js';
import { option } from '../../util/options.js';
import { systemError } from '../../util/system_error.js';
import { addressInfo } from '../addresses/address_info.js';
import { Connection } from '../connection/connection.js';
import { ListenContext } from '../connection/context.js';
import { BareStream, SocketHandle } from '../connection/handle.js';
import { classOf } from '../node/callable.js';
import type { DropInfo } from '../options/server_options.js';
import type { BlockListLike } from '../options/socket_options.js';
import type { Profile } from '../profile.js';
import { initialiseAccepted } from '../socket/create.js';
import type { Socket } from '../socket/socket.js';
import type { ClusterShare } from './cluster_share.js';
import { ServerHandle } from './handle.js';
import type { ServerSurface as Server } from './surface.js';
import { WorkerList } from './worker_list.js';

const serverSocketChannel = channel('net.server.socket');

/** What Duplex is made with: it reads this and keeps none of it, so that one is enough for all. */
class AcceptedOptions {
  allowHalfOpen = false;
  readonly emitClose = false;
  readonly autoDestroy = true;
  readableHighWaterMark = 0;
  writableHighWaterMark = 0;
}
// Duplex asks for more than this, and shall not find it on Object.prototype.
Object.setPrototypeOf(AcceptedOptions.prototype, null);
const duplexOptions = new AcceptedOptions();
const duplexArguments = [duplexOptions];

/**
 * Where a descriptor to listen on comes from: `own` was made here; `copy` is ours, for a socket
 * that somebody else may have as well; `taken` was the caller's, and is again where that fails.
 */
export type ListenerOrigin = 'own' | 'copy' | 'taken';

/**
 * Takes a connection that the server lets in, in place of a socket of this package. `stream` is not
 * watched yet. Returns 1 where it has taken that, 0 where it leaves it, and -errno where it failed
 * and has closed it.
 */
export type ConnectionTaker = (stream: Stream) => number;

/** The class of sockets that a server makes. */
export type SocketConstructor = new () => Socket;

/** What a class of servers stands on, and makes. */
export interface ServerSetup {
  readonly host: Host;
  readonly profile: Profile;
  readonly SocketClass: SocketConstructor;
}

/** A stream whose handle somebody sees before it has a socket. */
class AcceptedStream extends BareStream {
  override get context(): AsyncResource | null {
    const { owner } = this.stream;
    return owner instanceof Connection ? owner.context : null;
  }
}

export class Acceptor implements ListenerOwner {
  listener: Listener | null = null;
  /** This worker's share in what cluster's primary listens on. */
  share: ClusterShare | null = null;
  /** Connections of this server that were sent to children. */
  readonly workers = new WorkerList();
  file: SocketFile | null = null;
  private referenced = true;
  /** What its own handlers run in. */
  context: AsyncResource | null = null;
  /** What those of its connections run in. */
  private listenContext: ListenContext | null = null;
  private handle: ServerHandle | null = null;
  /** Connections whose handle is being looked at. */
  private readonly accepted = new Map<SocketHandle, Stream>();
  /** Rises with each listen and close, so that a late lookup can tell that it is late. */
  listeningId = 1;
  /** The `listeningId` of what is asked of somebody before this server listens. */
  pendingId = 0;
  /** Watches the signal of `listen`. */
  private aborting: Disposable | null = null;
  private holds = 0;
  /** How many times `'close'` waits for the children to be done with their connections. */
  private waits = 0;

  /** Is asked first to take each connection. */
  taker: ConnectionTaker | null = null;

  readonly host: Host;
  readonly profile: Profile;
  private readonly SocketClass: SocketConstructor;

  constructor(
    readonly server: Server,
    { host, profile, SocketClass }: ServerSetup,
  ) {
    this.host = host;
    this.profile = profile;
    this.SocketClass = classOf(SocketClass);
  }

  /** Listens on a bound descriptor, which is this server's from here on. Returns 0 or -errno. */
  listen(fd: number, backlog: number, origin: ListenerOrigin): number {
    const family = familyOf(this.host, fd);
    const listener = new Listener(this.host, fd, family, this);
    listener.exclusive = origin === 'own';
    const status = family < 0 ? family : listener.listen(backlog);
    if (status < 0) {
      if (origin === 'taken') listener.detach();
      else listener.close();
      this.removeFile();
      return status;
    }
    if (!this.referenced) listener.unref();
    if (this.holds > 0) listener.pause();
    const isUnix = family === this.host.kernel.constants.AF_UNIX;
    const type = isUnix ? 'PIPESERVERWRAP' : 'TCPSERVERWRAP';
    this.context = new AsyncResource(type, { requireManualDestroy: true });
    this.listenContext = new ListenContext(isUnix ? 'PIPEWRAP' : 'TCPWRAP', this.context);
    listener.context = this.context;
    this.listener = listener;
    return 0;
  }

  /** Somebody is asked before this server can listen. Returns what tells that answer. */
  begin(): number {
    this.pendingId = this.listeningId;
    return this.pendingId;
  }

  /** A `listen` is under way: closing prevents it. */
  get pending(): boolean {
    return this.pendingId === this.listeningId;
  }

  /** Takes over what watches the signal of a `listen`. */
  watch(aborting: Disposable): void {
    this.unwatch();
    this.aborting = aborting;
  }

  /** The `listen` failed, or its server stops. */
  unwatch(): void {
    this.aborting?.[Symbol.dispose]();
    this.aborting = null;
  }

  get listening(): boolean {
    return this.listener !== null || this.share !== null;
  }

  /** Serves a port that cluster's primary owns. Returns 0 or -errno. */
  listenShared(share: ClusterShare, backlog: number): number {
    const shared = share.fd >= 0 ? this.host.kernel.dup(share.fd) : 0;
    if (shared < 0) return shared;
    const status = share.fd >= 0 ? this.listen(shared, backlog, 'copy') : share.listen(backlog);
    if (status < 0) return status;
    this.share = share;
    share.serve(this.server);
    if (!this.referenced) share.unref();
    share.accept((connection) => {
      const fd = this.host.kernel.dup(connection.fd);
      connection.close();
      if (fd >= 0) this.onAccept(fd);
    });
    return 0;
  }

  /** After `close()`: connections that live in children hold `'close'` back as well. */
  waitForWorkers(): void {
    const { server, workers } = this;
    if (!workers.used) return;
    this.waits++;
    workers.drained(() => {
      this.waits--;
      server._emitCloseIfDrained();
    });
  }

  get waitsForWorkers(): boolean {
    return this.waits > 0;
  }

  /** A connection was sent to a child, after which it is none of this process. */
  connectionSent(): void {
    const { server } = this;
    if (server.listening || server._connections > 0) return;
    // The server was closed before: nobody has asked the child to say when it is done.
    this.waitForWorkers();
    server._emitCloseIfDrained();
  }

  /** Whether listening keeps the process alive. */
  setReferenced(referenced: boolean): void {
    this.referenced = referenced;
    const { listener, share } = this;
    if (referenced) {
      listener?.ref();
      share?.ref();
    } else {
      listener?.unref();
      share?.unref();
    }
  }

  /** `server._handle`. */
  getHandle(): ServerHandle | null {
    if (!this.listening) return null;
    this.handle ??= new ServerHandle(this);
    return this.handle;
  }

  /** Leaves new connections in the backlog until as many `release` have followed. */
  hold(): void {
    if (this.holds++ === 0) this.listener?.pause();
  }

  release(): void {
    if (--this.holds === 0) this.listener?.resume();
  }

  /** Stops listening. */
  stop(): void {
    this.unwatch();
    this.listener?.close();
    this.listener = null;
    this.share?.close();
    this.share = null;
    this.handle = null;
    this.context?.emitDestroy();
    this.context = null;
    this.listenContext = null;
    this.removeFile();
  }

  private removeFile(): void {
    this.file?.remove();
    this.file = null;
  }

  onAcceptError(status: number): void {
    this.server.emit('error', systemError(status, 'accept'));
  }

  onAccept(fd: number): void {
    const { server, listener, host } = this;
    const family = listener?.family ?? Math.max(familyOf(host, fd), 0);
    const maxConnections = option(server, 'maxConnections');
    const stream = new Stream(host, fd, family, NO_OWNER);
    // What cluster's primary accepted is open there as well.
    stream.exclusive = listener !== null;
    if (typeof maxConnections === 'number' && server._connections >= maxConnections) {
      const info = this.dropInfo(stream);
      stream.close();
      if (info === null) server.emit('drop');
      else server.emit('drop', info);
      return;
    }
    const blockList = option(server, 'blockList');
    if (blockList !== undefined && this.isBlocked(blockList, stream)) {
      stream.close();
      return;
    }
    const taken = this.taker === null ? 0 : this.taker(stream);
    if (taken > 0) return;
    const status = taken < 0 ? taken : stream.open();
    if (status < 0) {
      stream.close();
      server.emit('error', systemError(status, 'accept'));
      return;
    }
    if (this.handle === null || !this.handle.watched) this.handOver(stream, null);
    else this.show(this.handle, stream);
  }

  /** Somebody looks at the handle of each connection first. */
  private show(handle: ServerHandle, stream: Stream): void {
    const connection = new SocketHandle(new AcceptedStream(stream));
    this.accepted.set(connection, stream);
    handle.onconnection(0, connection);
  }

  /** A connection whose handle somebody may have looked at first. */
  handOverHandle(connection: SocketHandle): void {
    const stream = this.accepted.get(connection);
    if (stream === undefined) return;
    this.accepted.delete(connection);
    this.handOver(stream, connection);
  }

  private handOver(stream: Stream, handle: SocketHandle | null): void {
    const { server } = this;
    let socket: Socket | null = null;
    try {
      socket = this.makeSocket(stream, handle);
    } finally {
      // Duplex refuses what somebody has put into `server.highWaterMark`.
      if (socket === null) stream.close();
    }
    server._connections++;
    socket.server = socket._server = server;
    server.emit('connection', socket);
    if (serverSocketChannel.hasSubscribers) serverSocketChannel.publish({ socket });
  }

  /** As `new Socket(...)`, without the copies and checks that a user's options need. */
  private makeSocket(stream: Stream, connection: SocketHandle | null): Socket {
    const { server } = this;
    const { allowHalfOpen, highWaterMark } = server;
    // Anybody may have set it, to anything; Duplex takes all but false for true.
    duplexOptions.allowHalfOpen = Boolean(allowHalfOpen);
    duplexOptions.readableHighWaterMark = highWaterMark;
    duplexOptions.writableHighWaterMark = highWaterMark;
    const socket = Reflect.construct(Duplex, duplexArguments, this.SocketClass) as Socket;
    initialiseAccepted(socket, server, stream, connection, this.listenContext);
    return socket;
  }

  private isBlocked(list: BlockListLike, stream: Stream): boolean {
    const peer = addressInfo(stream, stream.peerAddress());
    if (peer === null) return false;
    const family = peer.family === 'IPv6' ? 'ipv6' : 'ipv4';
    return list.check(peer.address, family) === true;
  }

  private dropInfo(stream: Stream): DropInfo | null {
    const local = addressInfo(stream, stream.localAddress());
    const peer = addressInfo(stream, stream.peerAddress());
    if (local === null && peer === null) return null;
    const info: DropInfo = {};
    if (local !== null) {
      info.localAddress = local.address;
      info.localPort = local.port;
      info.localFamily = local.family;
    }
    if (peer !== null) {
      info.remoteAddress = peer.address;
      info.remotePort = peer.port;
      info.remoteFamily = peer.family;
    }
    return info;
  }
}
