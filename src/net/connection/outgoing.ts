/**
 * The writing half of what stands behind a socket: chunks on their way from Node's Writable to the
 * transport. Those made in one handler are gathered, also those that Writable still holds back.
 */
import type { Host } from '../../transport/host.js';
import type { Stream } from '../../transport/stream.js';
import { COPY_BYTES } from '../../transport/write_queue.js';
import { errno, systemError } from '../../util/system_error.js';
import { SocketScope } from './context.js';
import { copyOfView } from './copy_view.js';
import type { DuplexSurface as Socket, WriteCallback } from './duplex.js';
import { own, writesItself } from './overrides.js';

/** Chunks that Node's Writable still holds are sent along, up to this much. */
const GATHER_BYTES = 64 * 1024;

/** Whose `finishWrites` runs. */
let leaving: SocketWriter | null = null;

export abstract class SocketWriter extends SocketScope {
  stream: Stream | null = null;
  /** The bytes of writes that are done. */
  completedBytes = 0;
  /** The write that Node's Writable waits for, and its size. */
  protected callback: WriteCallback | null = null;
  handedBytes = 0;

  abstract readonly socket: Socket;
  abstract readonly host: Host;

  /** A read or a write happened. */
  abstract active(): void;

  /** Node's Writable hands a chunk over; `callback` when it is with the kernel. */
  writeOne(chunk: Uint8Array, callback: WriteCallback): void {
    const { stream, socket } = this;
    if (stream === null || stream.fd < 0 || this.prepaidChunks > 0 || socket.connecting) {
      this.write([chunk], callback);
      return;
    }
    this.callback = callback;
    this.handedBytes = chunk.length;
    if (this.sendsAll) {
      stream.queueAll([chunk]);
      return;
    }
    if (this.leavesAtOnce(chunk.length)) {
      this.settle(stream, stream.sendChunk(chunk));
      return;
    }
    stream.queue(chunk);
    this.gathering = !stream.blocked;
    stream.flushSoon();
  }

  /**
   * Whether a write is sent before `write()` returns, which then says what became of it. Small ones
   * that are within the high-water mark are gathered; not where a class of the user's has a
   * `_write` or `_writev` of its own, which sees each chunk.
   */
  private leavesAtOnce(lengthBytes: number): boolean {
    const { socket } = this;
    const { length, highWaterMark } = socket._writableState;
    return lengthBytes > COPY_BYTES || length >= highWaterMark || !writesItself(socket);
  }

  /** Deals with what sending within `write()` gave: an error, or all of it is with the kernel. */
  private settle(stream: Stream, status: number): void {
    this.gathering = false;
    this.active();
    if (status < 0) this.onWriteError(status);
    else if (stream.pendingBytes === 0) this.completedWithin();
  }

  /** Whether a chunk would follow the write under way with nothing in between. */
  get canJoin(): boolean {
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
    state.length += chunk.length;
    state.writelen += chunk.length;
    this.handedBytes += chunk.length;
    if (stream !== null) {
      stream.queue(chunk);
      const isMuch = chunk.length > COPY_BYTES || stream.pendingBytes > GATHER_BYTES;
      if (!isMuch && state.length < state.highWaterMark) return true;
      this.sendWithin(stream);
    }
    const more = state.length < state.highWaterMark || state.length === 0;
    if (!more) state.needDrain = true;
    return more && state.errored === null;
  }

  // Functions of their own: one that may make a closure pays for it on each call.
  private sendWithin(stream: Stream): void {
    this.asWithinWrite(() => this.settle(stream, stream.send()));
  }

  private sendAllWithin(): void {
    this.asWithinWrite(() => this.sendAll());
  }

  /** What callbacks report is reported after `write()` has returned. */
  private asWithinWrite(run: () => void): void {
    const state = this.socket._writableState;
    const { sync } = state;
    state.sync = true;
    run();
    state.sync = sync;
  }

  /** Writable would hold a chunk back, though the kernel may have room for it. */
  private get holdsBack(): boolean {
    const { stream } = this;
    return this.callback !== null && stream?.blocked === false && !this.socket.connecting;
  }

  /**
   * What a user gives to `write` or `end`, before Writable has it. What that would hold back, while
   * its memory is the user's to change, is copied. What is much, or reaches the high-water mark,
   * is not held back: all before it is sent. Returns what to give to Writable.
   */
  secure(chunk: unknown): unknown {
    if (!this.holdsBack) return chunk;
    const isView = ArrayBuffer.isView(chunk);
    if (!isView && typeof chunk !== 'string') return chunk;
    const lengthBytes = isView ? chunk.byteLength : chunk.length;
    const { length, highWaterMark } = this.socket._writableState;
    if (lengthBytes <= COPY_BYTES && length + lengthBytes < highWaterMark) {
      return isView ? copyOfView(chunk) : chunk;
    }
    this.sendAllWithin();
    this.setTickPending();
    return chunk;
  }

  /**
   * Sends what is under way and what Writable holds back, as far as the kernel takes it. Writable
   * schedules a callback behind those of the writes that it hands over meanwhile: so none of those
   * is done before the next round.
   */
  private sendAll(): void {
    this.sendsAll = true;
    try {
      this.sendInRounds();
    } finally {
      this.sendsAll = false;
    }
  }

  private sendInRounds(): void {
    const { stream } = this;
    while (stream !== null && this.callback !== null) {
      this.onFlush();
      const status = stream.send();
      // What Writable hands over meanwhile takes this back.
      this.socket._writableState.sync = true;
      if (status < 0) this.onWriteError(status);
      if (status < 0 || stream.pendingBytes > 0) return;
      this.completed();
    }
  }

  /**
   * Node's Writable hands chunks over, in a list that it needs no more; `callback` when they are
   * with the kernel.
   */
  write(chunks: Uint8Array[], callback: WriteCallback): void {
    const { stream } = this;
    this.callback = callback;
    this.handedBytes = 0;
    if (stream !== null && stream.fd < 0) {
      this.onWriteError(-errno.EBADF);
      return;
    }
    const prepaid = Math.min(this.prepaidChunks, chunks.length);
    if (prepaid > 0) this.prepaidChunks -= prepaid;
    for (const chunk of chunks) this.handedBytes += chunk.length;
    if (stream === null || this.socket.connecting) {
      this.waiting ??= [];
      for (const chunk of chunks) this.waiting.push(chunk);
      return;
    }
    if (prepaid === chunks.length && prepaid > 0) {
      // Where it is all with the kernel, the flush that sent it along completes this write as well.
      if (stream.pendingBytes > 0) stream.flushSoon();
      return;
    }
    this.writeAll(stream, chunks, prepaid);
  }

  /** Those of `chunks` that were not sent along before. */
  private writeAll(stream: Stream, chunks: Uint8Array[], prepaid: number): void {
    if (this.sendsAll || this.leavesAtOnce(this.handedBytes) || stream.pendingBytes > 0) {
      stream.queueAll(prepaid > 0 ? chunks.slice(prepaid) : chunks);
      if (this.sendsAll) return;
      this.settle(stream, stream.send());
      return;
    }
    for (let i = prepaid; i < chunks.length; i++) stream.queue(chunks[i] as Uint8Array);
    this.gathering = prepaid === 0 && !stream.blocked;
    stream.flushSoon();
  }

  /** Writes that wait in Writable behind the present one leave in the same call. */
  onFlush(): void {
    const { socket, stream } = this;
    this.gathering = false;
    if (stream === null || this.callback === null) return;
    const state = socket._writableState;
    const isAll = state.length <= this.handedBytes;
    stream.finFollows = isAll && state.ending && socket._final === own._final;
    if (isAll || state.corked > 0 || !writesItself(socket)) return;
    if (stream.pendingBytes >= GATHER_BYTES) return;
    // Not `writableBuffer`, which copies the list.
    const { buffered, bufferedIndex } = state;
    for (let i = bufferedIndex + this.prepaidChunks; i < buffered.length; i++) {
      const { chunk } = buffered[i] as { chunk: Uint8Array };
      if (stream.pendingBytes + chunk.length > GATHER_BYTES && stream.pendingBytes > 0) break;
      stream.queue(chunk);
      this.prepaidChunks++;
    }
  }

  onWritten(): void {
    this.active();
    // Writable hands over what was sent along, within the callback: that is complete as well.
    try {
      while (this.callback !== null && this.stream?.pendingBytes === 0) this.completed();
    } finally {
      // Where a listener threw.
      if (this.callback !== null && this.stream?.pendingBytes === 0) this.stream.flushSoon();
    }
  }

  /** A write that was under way when the stream left: 0, or -errno. */
  writeEnded(status: number): void {
    if (status < 0) this.onWriteError(status);
    else this.completed();
  }

  private completed(): void {
    const { callback } = this;
    this.callback = null;
    this.gathering = false;
    this.completedBytes += this.handedBytes;
    this.handedBytes = 0;
    this.tell(callback, null);
  }

  /** As `completed`, within `write()`: Writable calls back at the next tick. */
  private completedWithin(): void {
    this.completed();
    if (this.hasCallbacks) this.setTickPending();
  }

  /** Callbacks run in the order of their writes: none before one that has to wait for a tick. */
  private tell(callback: WriteCallback | null, error: Error | null): void {
    if (this.ticksPending === 0) callback?.(error);
    else this.tellWithin(callback, error);
  }

  private tellWithin(callback: WriteCallback | null, error: Error | null): void {
    this.asWithinWrite(() => callback?.(error));
    this.setTickPending();
  }

  /** The callbacks of writes that are done run at the next tick: those behind them not before. */
  private setTickPending(): void {
    this.ticksPending++;
    this.host.clock.soon(() => {
      if (--this.ticksPending === 0) this.hasCallbacks = false;
    });
  }

  onWriteError(status: number): void {
    if (!this.putOff(status, 'write')) this.failWrite(systemError(status, 'write'));
  }

  /** Whether the failure is told later, when the reader has had what came before it. */
  protected abstract putOff(status: number, call: 'read' | 'write'): boolean;

  protected failWrite(error: Error): void {
    const { callback } = this;
    if (callback === null) {
      this.socket.destroy(error);
      return;
    }
    this.callback = null;
    this.gathering = false;
    this.tell(callback, error);
  }

  /** Nothing runs behind this but listeners of 'exit'. */
  onExit(): void {
    this.finishWrites();
  }

  /** `write(…)`, then `destroy()`: what the kernel takes at once is sent, as in `node:net`. */
  finishWrites(): void {
    const before = leaving;
    leaving = this;
    try {
      this.sendGathered();
    } finally {
      leaving = before;
    }
  }

  /** Sends now what would leave later; the user's callbacks run at the next tick. */
  sendGathered(): void {
    if (this.stream === null || this.socket.connecting) return;
    // The connection failed: what lies behind the first chunk must not leave without it.
    if (this.waiting !== null || this.callback === null) return;
    this.sendAllWithin();
  }

  /** The socket goes as soon as its writes are done: it does not finish any more. */
  get leaves(): boolean {
    return leaving === this;
  }
}
