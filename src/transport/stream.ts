/**
 * A connected (or connecting) stream descriptor: TCP, UNIX or a pipe. It moves bytes and calls its
 * owner; it knows nothing of Node's streams and events.
 *
 * The descriptor is registered once, edge-triggered: an event says that something changed.
 * `reading.ts` has the reads.
 */
import type { AsyncContext } from '../reactor/pollable.js';
import { errno } from '../util/system_error.js';
import type { Host } from './host.js';
import { forgetHugeReads, type ReadEnd, read } from './reading.js';
import { NO_OWNER, type StreamOwner } from './stream_owner.js';
import { StreamState } from './stream_state.js';
import { endStatus, keepError } from './taken_error.js';
import { putUndelivered, takeUndelivered } from './undelivered.js';
import { WriteQueue } from './write_queue.js';

/**
 * The most bytes that a stream sends in a turn, if the kernel takes them as fast as they come. The
 * call that passes this limit is the last: `write()` still returns true for all bytes that one
 * call gave to the kernel.
 */
const SEND_BYTES_PER_TURN = 4 * 1024 * 1024;

export class Stream extends StreamState implements ReadEnd {
  bytesRead = 0;
  bytesWritten = 0;
  /** The bytes that wait to be sent; null if none do. */
  private writes: WriteQueue | null = null;

  constructor(
    host: Host,
    fd: number,
    family: number,
    public owner: StreamOwner,
  ) {
    super(host, fd, family);
  }

  override get context(): AsyncContext | null {
    return this.owner.context ?? null;
  }

  override holder(): object | null {
    return this.owner.socket ?? null;
  }

  private get events(): number {
    const { EPOLLIN, EPOLLPRI, EPOLLOUT, EPOLLRDHUP } = this.host.kernel.constants;
    const both = EPOLLIN | EPOLLPRI | EPOLLRDHUP;
    return this.awaitsRoom ? both | EPOLLOUT : both;
  }

  /** Registers a descriptor that is connected already. Returns 0 or -errno. */
  open(): number {
    this.awaitsRoom = this.blocked;
    return this.host.reactor.register(this, this.fd, this.events);
  }

  /**
   * Updates the registration after a change of `blocked`: EPOLLOUT is asked for only when the
   * kernel's buffer is full. A connection that asks for it gets two more events in its life, when
   * it is registered and when it is shut down. Once a TCP socket asks for it, it goes on to. A
   * UNIX socket stops, since it would get an event for each message that the peer takes.
   */
  private updateEvents(): void {
    const asked = this.blocked || this.family !== this.host.kernel.constants.AF_UNIX;
    if (asked === this.awaitsRoom) return;
    this.awaitsRoom = asked;
    this.host.reactor.modify(this, this.fd, this.events);
  }

  /** Begins to connect; `onConnect` reports the result. Returns 0, or -errno at once. */
  connect(address: string, port: number): number {
    const status = this.host.kernel.connect(this.fd, this.family, address, port);
    if (status < 0 && status !== -errno.EINPROGRESS) return status;
    // A connect that succeeds at once is also reported later, so that callers see one order only.
    this.connecting = true;
    this.blocked = true;
    this.shortReadMayGoOn = this.readable = false;
    const registered = this.slot >= 0 ? 0 : this.open();
    if (registered < 0) return registered;
    this.updateEvents();
    this.updateActive();
    if (status === 0) this.host.reactor.runNextTurn(this);
    return 0;
  }

  override onReady(events: number): void {
    const { EPOLLIN, EPOLLPRI, EPOLLOUT, EPOLLRDHUP, EPOLLHUP, EPOLLERR } =
      this.host.kernel.constants;
    const behind = EPOLLPRI | EPOLLRDHUP | EPOLLHUP | EPOLLERR;
    // Noted for the event of a connect too: a quick peer's FIN causes no other event.
    if (events & behind) this.shortReadMayGoOn = true;
    if (this.connecting) {
      this.finishConnect();
      return;
    }
    if (events & (EPOLLIN | behind)) this.readable = true;
    try {
      if (this.blocked && !this.writeFailed && events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) {
        this.unblock();
      }
    } finally {
      if (this.hasWork) read(this);
      else if (events & behind) this.owner.forward?.wakeForEnd();
    }
  }

  override onTurn(): void {
    if (this.fd < 0) return;
    if (this.connecting) {
      this.finishConnect();
      return;
    }
    try {
      if (this.writes?.yields && !this.writeFailed) this.unblock();
    } finally {
      if (this.hasWork) read(this);
    }
  }

  private finishConnect(): void {
    let failed = this.takeError();
    // An event without a result changes nothing: the connect goes on.
    if (failed === 0 && this.peerAddress() === -errno.ENOTCONN) return;
    if (failed < 0 && this.wasConnected()) {
      keepError(this, failed);
      failed = 0;
    }
    this.connecting = false;
    this.blocked = false;
    this.updateActive();
    if (failed === 0) this.updateEvents();
    this.readable = true;
    this.owner.onConnect(failed);
  }

  /** Whether the peer accepted, sent bytes and reset the connection before the event came here. */
  private wasConnected(): boolean {
    const { kernel } = this.host;
    return kernel.pending(this.fd, kernel.constants.FIONREAD) > 0;
  }

  // Reading.

  /** The owner's own memory, where reads are to land there. */
  get readInto(): Uint8Array | null {
    return this.owner.readInto ?? null;
  }

  /** Begins to deliver bytes, now or when there are any. */
  startReading(): void {
    if (this.reading || this.ended || this.fd < 0 || this.owner === NO_OWNER) return;
    this.reading = true;
    this.updateActive();
    if (this.hasWork) this.host.reactor.runNextTurn(this);
  }

  stopReading(): void {
    if (!this.reading) return;
    this.reading = false;
    forgetHugeReads(this);
    this.updateActive();
  }

  protected updateActive(): void {
    this.setActive(this.reading || this.connecting || this.blocked);
  }

  get hasWork(): boolean {
    return this.reading && (this.readable || this.undelivered);
  }

  override onReentry(): void {
    if (this.fd >= 0 && this.hasWork) this.host.reactor.runAgainThisTurn(this);
  }

  /** What was read, and is to be delivered before anything else. */
  putUndelivered(pieces: Buffer[]): void {
    putUndelivered(this, pieces);
  }

  /** The owner takes the rest of a piece later. */
  unread(rest: Buffer): void {
    this.bytesRead -= rest.length;
    forgetHugeReads(this);
    this.putUndelivered([rest, ...this.takeUndelivered()]);
  }

  /** Takes what was read and not delivered, for somebody who carries the connection on. */
  takeUndelivered(): Buffer[] {
    return takeUndelivered(this);
  }

  /**
   * Whether the owner may not have had all yet that came before now: bytes are unread, or the ticks
   * behind those of the last read have not run.
   */
  get hasUnread(): boolean {
    return this.wasReadIn(this.host.reactor.turn) || this.hasBytes;
  }

  /** Whether bytes are unread, here or in the kernel. */
  get hasBytes(): boolean {
    const { kernel } = this.host;
    if (this.undelivered) return true;
    return !this.ended && kernel.pending(this.fd, kernel.constants.FIONREAD) !== 0;
  }

  /** Bytes were read elsewhere: by a relay. */
  noteRead(count: number, drained: boolean): void {
    this.bytesRead += count;
    if (drained && !this.shortReadMayGoOn) this.readable = false;
  }

  /** A read gave no bytes: nothing there yet (-EAGAIN), the end (0), or an error. */
  readStopped(status: number): void {
    this.readable = false;
    if (status === -errno.EAGAIN) {
      if (this.writeFailed) this.owner.onReadOut();
      return;
    }
    this.ended = true;
    this.stopReading();
    const end = status === 0 ? endStatus(this) : status;
    if (end === 0) this.owner.onReadEnd();
    else this.owner.onReadError(end);
  }

  // Writing.

  /** Whether bytes may go to the kernel now, past the queue. */
  get writable(): boolean {
    return (
      this.fd >= 0 && !this.blocked && !this.connecting && !this.shutDown && this.pendingBytes === 0
    );
  }

  /** The number of queued bytes that the kernel has not taken yet. */
  get pendingBytes(): number {
    return this.writes === null ? 0 : this.writes.lengthBytes;
  }

  /**
   * Queues a chunk for the next flush. A chunk over `COPY_BYTES` must not change until it is sent.
   */
  queue(chunk: Uint8Array): void {
    this.writes ??= WriteQueue.take();
    this.writes.push(chunk);
  }

  /**
   * Queues chunks without copying them: they must not change until they are sent. The queue owns
   * the list from now on.
   */
  queueAll(chunks: Uint8Array[]): void {
    this.writes ??= WriteQueue.take();
    this.writes.refer(chunks);
  }

  /**
   * Sends a chunk at once if nothing is queued. The rest that the kernel does not take is queued,
   * and must not change until it is sent. Returns 0, or -errno.
   */
  sendChunk(chunk: Uint8Array): number {
    const { length } = chunk;
    if (this.blocked || length === 0 || this.writes !== null) {
      this.queueAll([chunk]);
      return this.send();
    }
    const sent = this.host.kernel.write(this.fd, chunk, 0, length);
    if (sent === length) {
      this.bytesWritten += sent;
      return 0;
    }
    if (sent < 0 && sent !== -errno.EAGAIN) {
      this.queueAll([chunk]);
      return sent;
    }
    if (sent > 0) this.bytesWritten += sent;
    this.queueAll([sent > 0 ? chunk.subarray(sent) : chunk]);
    return sent > 0 ? this.send() : this.block();
  }

  /**
   * Returns the queued bytes that the kernel has not taken, and drops them: the caller will send
   * them.
   */
  takePending(): Uint8Array[] {
    const chunks = this.writes?.takeAll() ?? [];
    this.dropWrites();
    return chunks;
  }

  /** Sends what is queued when the running handler returns, or at the next tick. */
  flushAfterHandler(): void {
    if (!this.blocked) this.host.reactor.flushAfterHandler(this);
  }

  /** Lets the owner add to the queue, then sends it. Call `reactor.flush(stream)`. */
  flush(): void {
    if (this.fd < 0 || this.blocked) return;
    this.owner.onFlush();
    const status = this.send();
    if (status < 0) this.owner.onWriteError(status);
    else if (this.pendingBytes === 0) this.owner.onWritten();
  }

  /**
   * Sends at the end of the process, in place of `flush`. It calls no callbacks: no tick comes any
   * more.
   */
  sendNow(): void {
    if (this.fd < 0 || this.blocked) return;
    this.owner.onExit();
    this.send();
    while (this.writes?.yields) {
      this.blocked = this.writes.yields = false;
      this.send();
    }
  }

  /** Sends now. Returns 0 (`pendingBytes` says whether bytes still wait), or -errno. */
  send(): number {
    if (this.fd < 0) return -errno.EBADF;
    const { writes } = this;
    if (this.blocked || writes === null) return 0;
    const upTo = this.bytesWritten + SEND_BYTES_PER_TURN;
    while (writes.lengthBytes > 0) {
      if (this.bytesWritten >= upTo) return this.yieldTurn(writes);
      const sent = writes.send(this.host.kernel, this.fd, this.finWithLastBytes && this.isTcp);
      if (sent >= 0) this.bytesWritten += sent;
      else if (sent === -errno.EAGAIN) return this.block();
      else return sent;
    }
    this.dropWrites();
    return 0;
  }

  private dropWrites(): void {
    this.writes?.giveBack();
    this.writes = null;
  }

  /** Stops sending until the next turn, as if the kernel's buffer were full. */
  private yieldTurn(writes: WriteQueue): number {
    this.blocked = writes.yields = true;
    writes.settle();
    this.updateActive();
    this.host.reactor.runNextTurn(this);
    return 0;
  }

  private block(): number {
    this.blocked = true;
    this.writes?.settle();
    this.updateActive();
    this.updateEvents();
    return 0;
  }

  /**
   * A write failed for good. The stream sends nothing more, and keeps its queue. It still reads
   * the bytes that the peer sent before; `onReadOut`, `onReadEnd` or `onReadError` reports their
   * end.
   */
  stopWriting(): void {
    this.writeFailed = this.blocked = true;
    // The failed call may have taken an event or an error from the socket, which no other call
    // will report.
    this.readable = this.shortReadMayGoOn = true;
    this.updateActive();
    if (this.hasWork) this.host.reactor.runAgainThisTurn(this);
  }

  /** The owner has reported the failure. From now on each write fails by itself. */
  retryWriting(): void {
    this.writeFailed = this.blocked = false;
    this.updateActive();
  }

  private unblock(): void {
    this.blocked = false;
    if (this.writes !== null) this.writes.yields = false;
    this.updateActive();
    this.host.reactor.flush(this);
    if (this.fd >= 0 && !this.blocked) this.updateEvents();
  }

  /** Sends FIN. A pipe has none: it ends when it is closed. Returns 0 or -errno. */
  shutdown(): number {
    const { kernel } = this.host;
    const status = this.family === 0 ? 0 : kernel.shutdown(this.fd, kernel.constants.SHUT_WR);
    if (status === 0) this.shutDown = true;
    return status;
  }

  override close(): number {
    this.dropWrites();
    if (this.undelivered) this.takeUndelivered();
    this.reading = this.connecting = this.blocked = false;
    return super.close();
  }

  override detach(): number {
    this.reading = this.blocked = false;
    return super.detach();
  }

  /** Closes with RST in place of FIN, and drops unsent bytes. Returns 0 or -errno. */
  reset(): number {
    const { SOL_SOCKET, SO_LINGER, IPPROTO_TCP, TCP_NODELAY } = this.host.kernel.constants;
    const linger = Buffer.alloc(8);
    linger.writeInt32LE(1, 0);
    // The kernel may have kept the last bytes back for a FIN: this sends them.
    if (this.finWithLastBytes && this.isTcp) this.setOption(IPPROTO_TCP, TCP_NODELAY, 1);
    const status = this.setOption(SOL_SOCKET, SO_LINGER, linger);
    this.close();
    return status;
  }
}
