/**
 * What stands behind a socket: it joins a transport's stream to Node's Duplex. Bytes that come in
 * are emitted straight while the socket flows; writes are gathered until the handler returns.
 */
import type { Host } from '../../transport/host.js';
import { Stream } from '../../transport/stream.js';
import type { Buffering, StreamOwner } from '../../transport/stream_owner.js';
import { stateError } from '../../util/errors.js';
import { errno, systemError } from '../../util/system_error.js';
import { ownCopy } from '../../util/view.js';
import type { BoundEnd } from '../addresses/bound_socket.js';
import { emitsPlainly } from '../node/emit.js';
import { emitted } from '../node/stream_state.js';
import { isUnderTls, isWrapper, leaveToTls } from '../node/tls_wrap.js';
import { kHost } from '../symbols.js';
import type { ListenContext } from './context.js';
import type { DuplexSurface as Socket, WriteCallback } from './duplex.js';
import { type LooseHandle, SocketHandle } from './handle.js';
import { applySettings } from './handle_settings.js';
import { feedMemory, HttpFeed } from './http_feed.js';
import { IdleTimer } from './idle_timer.js';
import { SocketWriter } from './outgoing.js';
import { hasReader, PendingFailure } from './pending_failure.js';
import { deliver } from './read_sink.js';

const PORTION_BYTES = 64 * 1024;
/** One smaller piece lies in memory of up to 16 KiB, which is little for a connection. */
const LASTING_BYTES = 8 * 1024;

export class SocketCore extends SocketWriter implements StreamOwner {
  idle: IdleTimer | null = null;
  private feed: HttpFeed | null = null;
  /** Counters of a stream that is gone. */
  bytesReadBefore = 0;
  /** What `socket._handle` gives: made when asked for, or put there by somebody. */
  private handle: LooseHandle | null = null;

  constructor(readonly socket: Socket) {
    super();
  }

  get host(): Host {
    return this.stream === null ? this.socket[kHost]() : this.stream.host;
  }

  /** Whether a connection stands or is being made. */
  get open(): boolean {
    return this.stream !== null || this.dial !== null;
  }

  /** `socket._handle`. */
  getHandle(): LooseHandle | null {
    if (this.handle === null && this.open) this.handle = this.makeHandle();
    return this.handle;
  }

  private makeHandle(): SocketHandle {
    return new SocketHandle(
      () => this.stream,
      () => this.scope?.asyncId() ?? -1,
      { within: (around) => this.tellReaderWithin(around), refuse: () => this.socket.destroy() },
    );
  }

  /**
   * Runs what tells the reader within `around`. It replaces the methods of this one object, so that
   * all other sockets pay nothing for it.
   */
  private tellReaderWithin(around: (tell: () => void) => void): void {
    const { onRead, onReadEnd } = this;
    this.onRead = (chunk) => around(() => Reflect.apply(onRead, this, [chunk]));
    this.onReadEnd = () => around(() => Reflect.apply(onReadEnd, this, []));
  }

  /** Takes over another socket's stream; the two share it, as they do in `node:net`. */
  adoptHandle(handle: SocketHandle): void {
    const { stream } = handle;
    if (stream !== null) this.adopt(stream);
    this.handle = handle;
  }

  /** Nobody has put a handle of his own in the place of ours. */
  get hasPlainHandle(): boolean {
    return this.handle === null || this.handle instanceof SocketHandle;
  }

  /** Takes a bound descriptor over, to connect it later. */
  adoptBound(end: BoundEnd): void {
    this.bound = end;
    this.adopt(new Stream(this.host, end.fd, end.family, this));
  }

  /** Bound, and nothing to read from or write to yet. */
  get unconnected(): boolean {
    return this.bound?.unconnected === true;
  }

  /** `socket._handle = …`: without one the socket is closed. */
  setHandle(handle: LooseHandle | null): void {
    this.handle = handle;
    if (handle !== null) return;
    this.sendGathered();
    this.stream?.close();
    this.stream = null;
    if (this.writing) this.onWriteError(-errno.ECANCELED);
  }

  /** A read or a write happened. */
  override active(): void {
    if (this.idle !== null) this.idle.active();
  }

  setIdleTimeout(timeoutMs: number): void {
    if (this.idle === null && timeoutMs === 0) return;
    this.idle ??= new IdleTimer(this.host.clock, () => this.socket._onTimeout());
    this.idle.set(timeoutMs, this.parser !== undefined && this.parser !== null);
  }

  private get sentMeanwhile(): number {
    const sent = this.writing ? (this.stream?.bytesWritten ?? 0) : 0;
    return sent + (this.forward?.awaitedBytes ?? 0);
  }

  /** Whether bytes of a write under way left since this was last asked: that is activity. */
  get progresses(): boolean {
    const sent = this.sentMeanwhile;
    const moved = sent > 0 && sent !== this.sentBefore;
    this.sentBefore = sent;
    return moved;
  }

  /** What left before this does not count as progress. */
  noteProgress(): void {
    this.sentBefore = this.sentMeanwhile;
  }

  /**
   * Takes a connected stream over, applies what was set before, and sends what waits. Its handlers
   * run in `context` in place of the present one.
   */
  adopt(stream: Stream, context: ListenContext | null = null): void {
    this.stream = stream;
    this.dial = null;
    stream.owner = this;
    const { AF_UNIX } = this.host.kernel.constants;
    this.inherit(context, stream.family === AF_UNIX ? 'PIPEWRAP' : 'TCPWRAP');
    if (!this.referenced) stream.unref();
  }

  /** The connection stands: options first, then whatever was written meanwhile. */
  established(): void {
    const { stream, settings } = this;
    if (stream === null) return;
    if (this.bound !== null) {
      this.bound.unconnected = false;
      this.local = null;
    }
    if (settings !== null) {
      applySettings(this.handle ?? SocketHandle.of(stream), settings, this.idleTimeOnly);
    }
    this.active();
    if (this.waiting !== null) {
      stream.queueAll(this.waiting);
      this.waiting = null;
      stream.flushSoon();
    }
  }

  onConnect(status: number): void {
    if (this.nativeDial !== null) this.nativeDial.ended(status);
    else this.socket._connectEnded(status);
  }

  /**
   * Where bytes that nobody takes would wait: in this socket's Readable where that does not flow,
   * or in that of TLS above it, which takes all it gets.
   */
  get buffers(): Buffering {
    const { socket } = this;
    if (socket._readableState.flowing !== true) return 'here';
    const { data } = socket._events;
    const underTls = typeof data === 'function' ? isWrapper(data) : isUnderTls(socket);
    return underTls ? 'behind' : null;
  }

  /** Nothing is between the kernel and who listens for `'data'`. */
  private flows(): boolean {
    const { socket } = this;
    const state = socket._readableState;
    return (
      state.flowing === true &&
      state.length === 0 &&
      state.decoder === null &&
      !state.ended &&
      !socket.destroyed
    );
  }

  onRead(chunk: Buffer): void {
    const { socket } = this;
    const state = socket._readableState;
    this.active();
    const { data } = socket._events;
    // What listenerCount() would look up by name, for every read.
    const listeners = data === undefined ? 0 : typeof data === 'function' ? 1 : data.length;
    if (listeners > 1 || (listeners === 1 && (state.decoder !== null || !state.flowing))) {
      leaveToTls(socket);
    }
    if (listeners > 0 && this.flows()) {
      // What push() does in this case, without the tick that it schedules for each chunk.
      emitted(state);
      if (typeof data === 'function' && emitsPlainly(socket)) Reflect.apply(data, socket, [chunk]);
      else socket.emit('data', chunk);
    } else if (!socket.push(this.portion(chunk))) {
      this.stream?.stopReading();
    }
  }

  /**
   * What a Readable that does not flow gets of a chunk: as much as the built-in reads. Who takes a
   * part of more than the high-water mark would never hear `'readable'` again.
   */
  private portion(chunk: Buffer): Buffer {
    const { stream, socket } = this;
    if (socket._readableState.flowing === true) return chunk;
    if (chunk.length <= PORTION_BYTES || stream === null) return this.lasting(chunk);
    stream.giveBack(chunk.subarray(PORTION_BYTES));
    return this.lasting(chunk.subarray(0, PORTION_BYTES));
  }

  /** `chunk` where it keeps little else alive for as long as it waits to be read, or a copy. */
  private lasting(chunk: Buffer): Buffer {
    const { length, decoder } = this.socket._readableState;
    if (decoder !== null || (length === 0 && chunk.length < LASTING_BYTES)) return chunk;
    return chunk.buffer.byteLength > chunk.length ? ownCopy(chunk) : chunk;
  }

  /** Whether a write is under way; `onWritten` hears of its end. */
  get writing(): boolean {
    return this.callback !== null;
  }

  /** Bytes went past the Readable: it is left as if they had been emitted. */
  passedOn(): void {
    emitted(this.socket._readableState);
    this.active();
  }

  /** `count` bytes were sent past the Writable. */
  sentPast(count: number): void {
    this.completedBytes += count;
    this.active();
  }

  override onWritten(): void {
    try {
      super.onWritten();
    } finally {
      if (this.feeders !== null && !this.writing) this.wakeFeeders();
    }
  }

  /** The descriptor goes: nothing comes by here any more. */
  private leavePipes(): void {
    this.forward?.end();
    if (this.feeders !== null) this.wakeFeeders();
  }

  private wakeFeeders(): void {
    const { feeders } = this;
    this.feeders = null;
    for (const feeder of feeders ?? []) feeder.wake();
  }

  /** `socket.parser`, where Node's `http` puts the parser that it has for the socket. */
  get parser(): unknown {
    return this.feed?.parser;
  }

  /** Where reads land in place of the reactor's slab. */
  get readInto(): Uint8Array | null {
    const { userRead, feed } = this;
    if (userRead !== null) return userRead.buffer;
    return feed?.feeds ? feedMemory() : null;
  }

  setParser(parser: unknown): void {
    this.feed = new HttpFeed(this.socket, parser);
  }

  onReadInto(count: number): void {
    const { userRead, feed, socket } = this;
    if (userRead !== null) {
      this.active();
      deliver(userRead, socket, count, this);
      return;
    }
    const usable = feed?.usable() === true;
    if (usable && this.flows()) {
      // `http` says itself that there was activity.
      socket._readableState.reading = false;
      feed.push(count);
      return;
    }
    if (!usable) feed?.stop();
    this.onRead(Buffer.from(feedMemory().subarray(0, count)));
  }

  onReadEnd(): void {
    const { socket } = this;
    this.active();
    if (socket.destroyed || socket._readableState.endEmitted) return;
    if (this.failure?.readOut(0) === false) return;
    // TLS may have to write after the peer's FIN. It ends the connection itself.
    if (!socket.allowHalfOpen && isUnderTls(socket)) socket.allowHalfOpen = true;
    socket.push(null);
    // With nothing buffered, 'end' follows even where nobody reads.
    socket.read(0);
    this.releaseIfOver();
  }

  /**
   * Both sides have ended, but there are bytes that nobody has read: they can be read later, and
   * need no descriptor. Without this it stays open, as does what it refers to, if nobody ever does.
   */
  releaseIfOver(): void {
    const { socket, stream } = this;
    if (!stream?.ended || !stream.shutDown || socket.readableLength === 0) return;
    socket._getsockname();
    socket._getpeername();
    stream.close();
  }

  /** Sends FIN. Returns 0 or -errno. */
  shutdown(): number {
    const status = this.stream?.shutdown() ?? 0;
    this.releaseIfOver();
    return status;
  }

  onReadError(status: number): void {
    if (this.failure !== null) this.failure.readOut(status);
    else if (!this.putOff(status, 'read')) this.fail(status, 'read');
  }

  onReadOut(): void {
    this.failure?.readOut(-errno.EAGAIN);
  }

  /**
   * Whether the reader has yet to get what came before a failure: then that is told later. Not
   * where nobody reads, and not where the socket is being destroyed.
   */
  protected override putOff(status: number, call: 'read' | 'write'): boolean {
    const { socket, stream } = this;
    if (this.failure !== null) return true;
    if (stream === null || stream.fd < 0 || socket.destroyed || this.leaves) return false;
    if (!hasReader(socket)) return false;
    const waits = socket.readableLength > 0 || (call === 'write' && stream.hasUnread);
    if (!waits) return false;
    this.failure = new PendingFailure(this, status, call);
    this.failure.start();
    return true;
  }

  /** Ends the socket with a failure. */
  fail(status: number, call: 'read' | 'write'): void {
    this.failure = null;
    const run = (): void => {
      const error = systemError(status, call);
      // A class of the user's may hide this failure and write on: that write is tried, and fails.
      if (call === 'write') this.stream?.retryWriting();
      if (call === 'write') this.failWrite(error);
      else this.socket.destroy(error);
    };
    const { scope } = this;
    if (scope === null) run();
    else scope.runInAsyncScope(run);
  }

  startReading(): void {
    this.stream?.startReading();
  }

  /** Closes everything. What Writable waits for ends with an error. */
  destroy(): void {
    const { stream } = this;
    this.idle?.clear();
    this.dial?.cancel();
    this.dial = null;
    this.stream = null;
    this.handle = null;
    this.failure = null;
    this.leavePipes();
    this.bound?.file?.remove();
    this.bound = null;
    this.completedBytes += this.handedBytes;
    if (stream !== null) {
      this.bytesReadBefore = stream.bytesRead;
      if (this.resetOnDestroy) stream.reset();
      else stream.close();
    }
    this.resetOnDestroy = false;
    const wasWaiting = this.waiting !== null;
    this.waiting = null;
    this.prepaidChunks = 0;
    const { callback } = this;
    this.callback = null;
    if (callback === null) return;
    // As in Node 26. The writes behind this one get what the socket was destroyed with.
    const error = wasWaiting
      ? stateError('ERR_SOCKET_CLOSED_BEFORE_CONNECTION')
      : systemError(-errno.ECANCELED, 'write');
    this.endWrite(callback, error);
  }

  /** The write under way will not be done. */
  private endWrite(callback: WriteCallback, error: Error): void {
    this.countedTwice = this.handedBytes;
    this.handedBytes = 0;
    this.host.clock.soon(() => {
      this.countedTwice = 0;
      callback(error);
    });
  }

  /**
   * Lets the connection go to somebody who carries it on. Returns the stream, how many of
   * Writable's chunks were sent along ahead of their turn, and whom the write under way is to be
   * reported to.
   */
  release(): { stream: Stream | null; prepaidChunks: number; callback: WriteCallback | null } {
    const { stream, prepaidChunks, callback } = this;
    this.bytesReadBefore = stream?.bytesRead ?? this.bytesReadBefore;
    this.stream = null;
    this.handle = null;
    this.callback = null;
    this.prepaidChunks = 0;
    this.failure = null;
    this.leavePipes();
    this.idle?.clear();
    return { stream, prepaidChunks, callback };
  }

  /** What was written before there is a connection: somebody else sends it. */
  takeWaiting(): readonly Uint8Array[] {
    const chunks = this.waiting ?? [];
    this.waiting = null;
    return chunks;
  }

  /** The stream went to somebody else: this socket has none. */
  abandon(): void {
    const { stream } = this;
    if (stream === null) return;
    this.bytesReadBefore = stream.bytesRead;
    this.idle?.set(0);
    this.idle?.clear();
    this.stream = null;
    this.handle = null;
    this.failure = null;
    this.leavePipes();
  }

  /** Ready for another connection. */
  reset(): void {
    this.bytesReadBefore = this.completedBytes = this.handedBytes = 0;
    this.peer = this.local = null;
    this.path = null;
  }
}
