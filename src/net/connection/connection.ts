/**
 * What stands behind a socket: it joins a transport's stream to Node's Duplex. It is made of parts:
 * `incoming.ts` has the bytes that come, `outgoing.ts` those that leave, `context.ts` what handlers
 * run in, `extras.ts` what few connections have. The fields are here, as each costs every
 * connection 8 bytes, and so is the connection's life: it is adopted, established, destroyed.
 */
import type { AsyncResource } from 'node:async_hooks';
import type { Host } from '../../transport/host.js';
import { Stream } from '../../transport/stream.js';
import type { Buffering, StreamOwner } from '../../transport/stream_owner.js';
import { COPY_BYTES } from '../../transport/write_queue.js';
import { stateError } from '../../util/errors.js';
import { errno, systemError } from '../../util/system_error.js';
import type { BoundEnd } from '../addresses/bound_socket.js';
import { markDataEmitted, noteJoined } from '../node/stream_state.js';
import { kHost } from '../symbols.js';
import { bitOf, maskOf, SendMode, shiftOf, WritePhase } from './connection_state.js';
import { contextOf, type HasContext, inheritContext, type ListenContext } from './context.js';
import type { DuplexSurface, WriteCallback } from './duplex.js';
import { Extras, NOTHING } from './extras.js';
import { applySettings, type LooseHandle, SocketHandle } from './handle.js';
import { HttpFeed } from './http_feed.js';
import { IdleTimer } from './idle_timer.js';
import { bufferingOf, closeIfOver, type Incoming, onBytes, onEnd } from './incoming.js';
import {
  afterFlush,
  afterJoin,
  beforeFlush,
  complete,
  endWriting,
  failWriting,
  type Outgoing,
  SEND_ALONG_BYTES,
  sendGathered,
  takeCallback,
} from './outgoing.js';
import { type FailureOwner, hasReader, PendingFailure } from './pending_failure.js';
import { leavePipes, type PipeEnd, wakeFeeders } from './pipe_end.js';
import { type ReadSink, UserRead } from './read_sink.js';

// Bound to locals: an imported constant is looked up again at each use.
const UNREFERENCED = bitOf('UNREFERENCED');
const RESETS = bitOf('RESETS');
const IDLE_TIME_ONLY = bitOf('IDLE_TIME_ONLY');
const HAS_CALLBACKS = bitOf('HAS_CALLBACKS');
const PHASE_SHIFT = shiftOf('PHASE');
const PHASE_MASK = maskOf('PHASE');
const MODE_SHIFT = shiftOf('MODE');
const MODE_MASK = maskOf('MODE');
const PHASE_BITS = PHASE_MASK << PHASE_SHIFT;
const JOINABLE_BITS = WritePhase.JOINABLE << PHASE_SHIFT;
const { ALL, LAST } = SendMode;

export class Connection implements StreamOwner, HasContext, Incoming, Outgoing, FailureOwner {
  /** Null before there is a connection, and after it. */
  stream: Stream | null = null;
  /** See `connection_state.ts`. */
  private bits = 0;
  /** See `context.ts`. */
  resource: AsyncResource | ListenContext | null = null;
  /** To be read; `ownExtras()` is to be written to. */
  extras: Readonly<Extras> = NOTHING;
  /** Of the write that Node's Writable waits for; null where `phase` is IDLE. */
  callback: WriteCallback | null = null;
  /** The bytes of that write. */
  handedBytes = 0;
  /** The bytes of writes that are done. */
  completedBytes = 0;
  /** Where reads land, if not in the reactor's memory. */
  sink: ReadSink | null = null;
  idle: IdleTimer | null = null;
  /** What `socket._handle` gives: made when asked for, or put there by somebody. */
  private handle: LooseHandle | null = null;
  /** What was read from a stream that is gone. */
  bytesReadBefore = 0;

  constructor(readonly socket: DuplexSurface) {}

  get host(): Host {
    return this.stream === null ? this.socket[kHost]() : this.stream.host;
  }

  /** Whether a connection stands or is being made. */
  get open(): boolean {
    return this.stream !== null || this.extras.dial !== null;
  }

  /** Bound, and nothing to read from or write to yet. */
  get unconnected(): boolean {
    return this.extras.bound?.unconnected === true;
  }

  // What is true or false of it, and its states.

  private has(bit: number): boolean {
    return (this.bits & bit) !== 0;
  }

  private mark(bit: number, on: boolean): void {
    if (on) this.bits |= bit;
    else this.bits &= ~bit;
  }

  /** Whether the connection keeps the process alive. */
  get referenced(): boolean {
    return !this.has(UNREFERENCED);
  }

  set referenced(on: boolean) {
    this.mark(UNREFERENCED, !on);
  }

  /** Closing sends RST in place of FIN. */
  get resetOnDestroy(): boolean {
    return this.has(RESETS);
  }

  set resetOnDestroy(on: boolean) {
    this.mark(RESETS, on);
  }

  /**
   * Keep-alive sets the idle time alone, and leaves the system its probes' interval and count; see
   * `Profile`. A socket that was made without `connect` or a server is of no profile.
   */
  get idleTimeOnly(): boolean {
    return this.has(IDLE_TIME_ONLY);
  }

  set idleTimeOnly(on: boolean) {
    this.mark(IDLE_TIME_ONLY, on);
  }

  /** Writes with callbacks of the user's may be under way: those are called in their order. */
  get hasCallbacks(): boolean {
    return this.has(HAS_CALLBACKS);
  }

  set hasCallbacks(on: boolean) {
    this.mark(HAS_CALLBACKS, on);
  }

  /** Where the write stands that Writable waits for. */
  get phase(): WritePhase {
    return ((this.bits >> PHASE_SHIFT) & PHASE_MASK) as WritePhase;
  }

  set phase(phase: WritePhase) {
    this.bits = (this.bits & ~(PHASE_MASK << PHASE_SHIFT)) | (phase << PHASE_SHIFT);
  }

  /** When what Writable hands over leaves. */
  get mode(): SendMode {
    return ((this.bits >> MODE_SHIFT) & MODE_MASK) as SendMode;
  }

  set mode(mode: SendMode) {
    this.bits = (this.bits & ~(MODE_MASK << MODE_SHIFT)) | (mode << MODE_SHIFT);
  }

  /** A write is under way; `onWritten` or `onWriteError` tells its end. */
  get writing(): boolean {
    return this.callback !== null;
  }

  /** The socket goes as soon as its writes are done: it does not finish any more. */
  get isFlushingLast(): boolean {
    return this.mode === LAST;
  }

  /** The extras, to be written to. */
  ownExtras(): Extras {
    if (this.extras === NOTHING) this.extras = new Extras();
    return this.extras;
  }

  // Its life.

  /**
   * Takes a connected stream over, applies what was set before, and sends what waits. Its handlers
   * run in the context of `listening` in place of the present one.
   */
  adopt(stream: Stream, listening: ListenContext | null = null): void {
    this.stream = stream;
    if (this.extras.dial !== null) this.ownExtras().dial = null;
    stream.owner = this;
    const { AF_UNIX } = this.host.kernel.constants;
    inheritContext(this, listening, stream.family === AF_UNIX ? 'PIPEWRAP' : 'TCPWRAP');
    if (!this.referenced) stream.unref();
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
    this.ownExtras().bound = end;
    this.adopt(new Stream(this.host, end.fd, end.family, this));
  }

  /** The connection stands: options first, then whatever was written meanwhile. */
  established(): void {
    const { stream, extras } = this;
    if (stream === null) return;
    const { bound, settings } = extras;
    if (bound !== null) {
      bound.unconnected = false;
      this.ownExtras().local = null;
    }
    if (settings !== null) {
      applySettings(this.handle ?? SocketHandle.of(stream), settings, this.idleTimeOnly);
    }
    this.active();
    const { waiting } = this.extras;
    if (waiting === null) return;
    stream.queueAll(waiting);
    this.ownExtras().waiting = null;
    stream.flushAfterHandler();
  }

  /** Ready for another connection. */
  reset(): void {
    this.bytesReadBefore = this.completedBytes = this.handedBytes = 0;
    if (this.extras === NOTHING) return;
    const own = this.ownExtras();
    own.peer = own.local = null;
    own.path = null;
  }

  /** Closes everything. What Writable waits for ends with an error. */
  destroy(): void {
    const { stream, extras } = this;
    if (extras.dial !== null) {
      extras.dial.cancel();
      this.ownExtras().dial = null;
    }
    this.letGo();
    extras.bound?.file?.remove();
    this.completedBytes += this.handedBytes;
    if (stream !== null) {
      if (this.resetOnDestroy) stream.reset();
      else stream.close();
    }
    this.resetOnDestroy = false;
    const wasWaiting = extras.waiting !== null;
    if (extras !== NOTHING) {
      const own = this.ownExtras();
      own.bound = own.waiting = null;
      own.sentAhead = 0;
    }
    const callback = takeCallback(this);
    if (callback === null) return;
    // As in Node 26. The writes behind this one get what the socket was destroyed with.
    const error = wasWaiting
      ? stateError('ERR_SOCKET_CLOSED_BEFORE_CONNECTION')
      : systemError(-errno.ECANCELED, 'write');
    this.cancelWrite(callback, error);
  }

  /** The write under way will not be done. */
  private cancelWrite(callback: WriteCallback, error: Error): void {
    const own = this.ownExtras();
    own.alsoInWritable = this.handedBytes;
    this.handedBytes = 0;
    this.host.clock.nextTick(() => {
      own.alsoInWritable = 0;
      callback(error);
    });
  }

  /**
   * Lets the connection go to somebody who carries it on. Returns the stream, how many of
   * Writable's chunks were sent ahead of their turn, and who waits for the end of the write under
   * way.
   */
  release(): { stream: Stream | null; sentAhead: number; callback: WriteCallback | null } {
    const { stream } = this;
    const { sentAhead } = this.extras;
    const callback = takeCallback(this);
    if (sentAhead > 0) this.ownExtras().sentAhead = 0;
    this.letGo();
    return { stream, sentAhead, callback };
  }

  /** What was written before there is a connection: somebody else sends it. */
  takeWaiting(): readonly Uint8Array[] {
    const { waiting } = this.extras;
    if (waiting === null) return [];
    this.ownExtras().waiting = null;
    return waiting;
  }

  /** The stream went to somebody else, who tells of the end of the write under way. */
  abandon(): void {
    if (this.stream === null) return;
    this.idle?.set(0);
    this.letGo();
  }

  /** This connection has no stream any more, whoever has it now. */
  private letGo(): void {
    const { stream, extras } = this;
    if (stream !== null) this.bytesReadBefore = stream.bytesRead;
    this.idle?.clear();
    this.stream = null;
    this.handle = null;
    if (extras.failure !== null) this.ownExtras().failure = null;
    leavePipes(this);
  }

  /** A write that was under way when the stream left ended: 0, or -errno. */
  writeEnded(status: number): void {
    if (status < 0) failWriting(this, status);
    else complete(this);
  }

  /** Sends FIN. Returns 0 or -errno. */
  shutdown(): number {
    const status = this.stream?.shutdown() ?? 0;
    closeIfOver(this);
    return status;
  }

  /** `write(…)`, then `destroy()`: what the kernel takes at once is sent, as in `node:net`. */
  finishWrites(): void {
    sendGathered(this, LAST);
  }

  /** Ends the socket with a failure. */
  fail(status: number, call: 'read' | 'write'): void {
    if (this.extras.failure !== null) this.ownExtras().failure = null;
    const run = (): void => {
      const error = systemError(status, call);
      // A class of the user's may hide this failure and write on: that write is tried, and fails.
      if (call === 'write') this.stream?.retryWriting();
      if (call === 'write') endWriting(this, error);
      else this.socket.destroy(error);
    };
    const { context } = this;
    if (context === null) run();
    else context.runInAsyncScope(run);
  }

  /**
   * Whether the reader has yet to get what came before a failure: then that is told later. Not
   * where nobody reads, and not where the socket is being destroyed.
   */
  putOff(status: number, call: 'read' | 'write'): boolean {
    const { socket, stream } = this;
    if (this.extras.failure !== null) return true;
    if (stream === null || stream.fd < 0 || socket.destroyed || this.isFlushingLast) return false;
    if (!hasReader(socket)) return false;
    const waits = socket.readableLength > 0 || (call === 'write' && stream.hasUnread);
    if (!waits) return false;
    const failure = new PendingFailure(this, status, call);
    this.ownExtras().failure = failure;
    failure.start();
    return true;
  }

  // `socket._handle`.

  getHandle(): LooseHandle | null {
    if (this.handle === null && this.open) this.handle = new SocketHandle(this);
    return this.handle;
  }

  /** Destroys the socket, for its handle. */
  refuse(): void {
    this.socket.destroy();
  }

  /**
   * Runs what tells the reader within `around`. It replaces the methods of this one object, so that
   * all other sockets pay nothing for it.
   */
  reportToReaderWithin(around: (report: () => void) => void): void {
    const { onRead, onReadEnd } = this;
    this.onRead = (chunk) => around(() => Reflect.apply(onRead, this, [chunk]));
    this.onReadEnd = () => around(() => Reflect.apply(onReadEnd, this, []));
  }

  /** `socket._handle = …`: without one the socket is closed. */
  setHandle(handle: LooseHandle | null): void {
    this.handle = handle;
    if (handle !== null) return;
    sendGathered(this, ALL);
    this.stream?.close();
    this.stream = null;
    if (this.writing) failWriting(this, -errno.ECANCELED);
  }

  // Activity.

  /** A read or a write happened. */
  active(): void {
    if (this.idle !== null) this.idle.active();
  }

  setIdleTimeout(timeoutMs: number): void {
    if (this.idle === null && timeoutMs === 0) return;
    this.idle ??= new IdleTimer(this.host.clock, () => this.socket._onTimeout());
    this.idle.set(timeoutMs, this.parser !== undefined && this.parser !== null);
  }

  // Where bytes go.

  startReading(): void {
    this.stream?.startReading();
  }

  /** The option `onread`. */
  get userRead(): UserRead | null {
    return this.sink instanceof UserRead ? this.sink : null;
  }

  /** `socket.parser`, where Node's `http` puts the parser that it has for the socket. */
  get parser(): unknown {
    return this.sink?.parser;
  }

  setParser(parser: unknown): void {
    if (this.sink instanceof UserRead) this.sink.parser = parser;
    else this.sink = new HttpFeed(this.socket, parser);
  }

  // Joining the write under way. These two run for each small write: as functions of
  // `outgoing.ts`, which has the rest of writing, they cost 2 % of a burst.

  /** Whether a chunk may become part of the write under way, with nothing in between. */
  get canJoin(): boolean {
    if ((this.bits & PHASE_BITS) !== JOINABLE_BITS) return false;
    const { socket } = this;
    const { length, corked, ending, defaultEncoding } = socket._writableState;
    // Longer than the write under way: Writable holds something back already.
    if (length !== this.handedBytes || corked > 0 || ending || socket.destroyed) return false;
    return defaultEncoding === 'utf8';
  }

  /** Makes `chunk` a part of the write under way. Returns what `write()` does. */
  join(chunk: Uint8Array): boolean {
    const { stream } = this;
    const state = this.socket._writableState;
    noteJoined(state, chunk.length);
    this.handedBytes += chunk.length;
    if (stream !== null) {
      stream.queue(chunk);
      const isMuch = chunk.length > COPY_BYTES || stream.pendingBytes > SEND_ALONG_BYTES;
      if (!isMuch && state.length < state.highWaterMark) return true;
    }
    return afterJoin(this);
  }

  /** Bytes went past the Readable: it is left as if they had been emitted. */
  noteRelayedRead(): void {
    markDataEmitted(this.socket._readableState);
    this.active();
  }

  /** `count` bytes were sent past the Writable. */
  noteRelayedWrite(count: number): void {
    this.completedBytes += count;
    this.active();
  }

  // What the stream calls.

  get context(): AsyncResource | null {
    return contextOf(this);
  }

  get forward(): PipeEnd | null {
    return this.extras.forward;
  }

  get readInto(): Uint8Array | null {
    return this.sink === null ? null : this.sink.memory;
  }

  get buffers(): Buffering {
    return bufferingOf(this.socket);
  }

  onConnect(status: number): void {
    const { nativeDial } = this.extras;
    if (nativeDial !== null) nativeDial.ended(status);
    else this.socket._connectEnded(status);
  }

  onRead(chunk: Buffer): void {
    onBytes(this, chunk);
  }

  onReadInto(count: number): void {
    const { sink } = this;
    const rest = sink === null ? null : sink.take(count, this);
    if (rest !== null) this.onRead(rest);
  }

  onReadEnd(): void {
    onEnd(this);
  }

  onReadError(status: number): void {
    const { failure } = this.extras;
    if (failure !== null) failure.readOut(status);
    else if (!this.putOff(status, 'read')) this.fail(status, 'read');
  }

  onReadOut(): void {
    this.extras.failure?.readOut(-errno.EAGAIN);
  }

  onFlush(): void {
    beforeFlush(this);
  }

  onWritten(): void {
    try {
      afterFlush(this);
    } finally {
      if (this.extras.feeders !== null && !this.writing) wakeFeeders(this);
    }
  }

  onWriteError(status: number): void {
    failWriting(this, status);
  }

  /** Nothing runs behind this but listeners of 'exit'. */
  onExit(): void {
    this.finishWrites();
  }
}
