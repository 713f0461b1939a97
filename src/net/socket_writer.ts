/**
 * The writing half of what stands behind a socket: chunks on their way from Node's Writable to the
 * transport. Those made in one handler are gathered, also those that Writable still holds back.
 */
import type { Stream } from '../transport/stream.js';
import { errno, systemError } from '../util/system_error.js';
import { own } from './internals.js';
import type { Socket } from './socket.js';

export type WriteCallback = (error?: Error | null) => void;

/** Chunks that Node's Writable still holds are sent along, up to this much. */
const GATHER_BYTES = 64 * 1024;

export abstract class SocketWriter {
  stream: Stream | null = null;
  /** The bytes of writes that are done. */
  completedBytes = 0;
  /** The write that Node's Writable waits for, and its size. */
  protected callback: WriteCallback | null = null;
  handedBytes = 0;
  /** Chunks sent along that Writable has yet to hand over. */
  protected prepaidChunks = 0;
  /** Chunks written before there was a connection. */
  protected waiting: Uint8Array[] | null = null;
  resetOnDestroy = false;
  /** The write under way is not with the kernel: others may join it. */
  gathering = false;

  abstract readonly socket: Socket;

  /** A read or a write happened. */
  abstract active(): void;

  /** Node's Writable hands a chunk over; `callback` when it is with the kernel. */
  writeOne(chunk: Uint8Array, callback: WriteCallback): void {
    const { stream } = this;
    if (stream === null || stream.fd < 0 || this.prepaidChunks > 0 || this.socket.connecting) {
      this.write([chunk], callback);
      return;
    }
    this.callback = callback;
    this.handedBytes = chunk.length;
    stream.queue(chunk);
    this.gathering = !stream.blocked;
    this.sendSoon(stream);
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
    const more = state.length < state.highWaterMark;
    if (!more) state.needDrain = true;
    if (stream !== null) {
      stream.queue(chunk);
      if (stream.pendingBytes > GATHER_BYTES) this.joinNow(stream, state);
    }
    return more;
  }

  private joinNow(stream: Stream, state: { sync: boolean }): void {
    const { sync } = state;
    // A failure is reported after write() has returned.
    state.sync = true;
    this.writeNow(stream);
    state.sync = sync;
  }

  /** Node's Writable hands chunks over; `callback` when they are with the kernel. */
  write(chunks: readonly Uint8Array[], callback: WriteCallback): void {
    const { stream } = this;
    this.callback = callback;
    this.handedBytes = 0;
    if (stream !== null && stream.fd < 0) {
      this.onWriteError(-errno.EBADF);
      return;
    }
    let prepaid = 0;
    for (const chunk of chunks) {
      this.handedBytes += chunk.length;
      if (this.prepaidChunks > 0) {
        this.prepaidChunks--;
        prepaid++;
      } else if (stream !== null && !this.socket.connecting) stream.queue(chunk);
      else {
        this.waiting ??= [];
        this.waiting.push(chunk);
      }
    }
    if (stream === null || this.socket.connecting) return;
    if (stream.pendingBytes === 0 && prepaid > 0) return;
    this.sendSoon(stream);
  }

  private sendSoon(stream: Stream): void {
    if (stream.pendingBytes > GATHER_BYTES) this.writeNow(stream);
    else stream.flushSoon();
  }

  /** Much is pending: no use in gathering more. */
  private writeNow(stream: Stream): void {
    this.gathering = false;
    const status = stream.send();
    if (status < 0) this.onWriteError(status);
    // Reported by the flush: a callback from within write() comes a tick late, behind later ones.
    else if (stream.pendingBytes === 0) stream.flushSoon();
    if (stream.pendingBytes < GATHER_BYTES) this.active();
  }

  /** Writes that wait in Writable behind the present one leave in the same call. */
  onFlush(): void {
    const { socket, stream } = this;
    this.gathering = false;
    if (stream === null || this.callback === null) return;
    const state = socket._writableState;
    const isAll = state.length <= this.handedBytes;
    stream.finFollows = isAll && state.ending && socket._final === own._final;
    if (isAll || state.corked > 0) return;
    if (stream.pendingBytes >= GATHER_BYTES) return;
    const buffered = socket.writableBuffer;
    for (let i = this.prepaidChunks; i < buffered.length; i++) {
      const { chunk } = buffered[i] as { chunk: Uint8Array };
      if (stream.pendingBytes + chunk.length > GATHER_BYTES && stream.pendingBytes > 0) break;
      stream.queue(chunk);
      this.prepaidChunks++;
    }
  }

  onWritten(): void {
    this.active();
    // Writable hands over what was sent along, within the callback: that is complete as well.
    while (this.callback !== null && this.stream !== null && this.stream.pendingBytes === 0) {
      this.completed();
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
    callback?.(null);
  }

  onWriteError(status: number): void {
    this.failWrite(systemError(status, 'write'));
  }

  private failWrite(error: Error): void {
    const { callback } = this;
    this.callback = null;
    this.gathering = false;
    callback?.(error);
  }

  /** `write(…)`, then `destroy()`: what the kernel takes at once is sent, as in `node:net`. */
  finishWrites(): void {
    const { socket, stream } = this;
    if (stream === null || socket.connecting || this.resetOnDestroy) return;
    // The connection failed: what lies behind the first chunk must not leave without it.
    if (this.waiting !== null) return;
    while (this.callback !== null) {
      this.onFlush();
      if (stream.send() < 0 || stream.pendingBytes > 0) return;
      // The user's callbacks run at the next tick, not in the middle of destroy().
      socket._writableState.sync = true;
      this.completed();
    }
  }
}
