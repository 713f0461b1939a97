/**
 * A connected (or connecting) stream descriptor: TCP, UNIX or a pipe. It moves bytes and tells
 * its owner; it knows nothing of Node's streams and events.
 *
 * The descriptor is registered once, edge-triggered: an event says that something changed, and
 * `readable` remembers it until a read comes back short or empty. Reads stop after a budget, so
 * that one peer who sends without end does not starve the rest; what is left goes on next turn.
 */
import { errno } from '../util/system_error.js';
import type { Host } from './host.js';
import { StreamState } from './stream_state.js';
import { WriteQueue } from './write_queue.js';

/** Who hears what a stream does. Every callback may close the stream. */
export interface StreamOwner {
  /** The connection stands (0), or failed (-errno). */
  onConnect(status: number): void;
  /** Bytes for the owner to keep. */
  onRead(chunk: Buffer): void;
  /** `count` bytes were read into the buffer given with `readInto`. */
  onReadInto(count: number): void;
  /** The peer's FIN, after all its bytes. */
  onReadEnd(): void;
  onReadError(status: number): void;
  /** A flush is about to send: the owner may queue more, and say that `finFollows`. */
  onFlush(): void;
  /** All that was queued is with the kernel. */
  onWritten(): void;
  onWriteError(status: number): void;
  /** The process ends: what is to be sent has to be queued or sent now. */
  onExit(): void;
  /** Where bytes may go in place of `onRead`, if anywhere. */
  readonly forward?: Forward | null;
}

/** Takes bytes past their owner. */
export interface Forward {
  /** Does one read's work for `stream`, or returns false and has done nothing. */
  step(stream: Stream): boolean;
  /** A stream that reads nothing now has a FIN or a failure behind its bytes. */
  wakeForEnd(): void;
}

const BYTES_PER_TURN = 256 * 1024;
/** What a read costs of that at least: small ones wake handlers as large ones do. */
const READ_COST_BYTES = 64 * 1024;

export class Stream extends StreamState {
  bytesRead = 0;
  bytesWritten = 0;
  /** Reads land here in place of the reactor's slab. */
  readInto: Uint8Array | null = null;

  /** The turn of the last read, and what is left of that turn's budget. */
  private turn = -1;
  private budgetBytes = 0;
  /** What waits to be sent, if anything. */
  private writes: WriteQueue | null = null;

  constructor(
    host: Host,
    fd: number,
    family: number,
    public owner: StreamOwner,
  ) {
    super(host, fd, family);
  }

  private get events(): number {
    const { EPOLLIN, EPOLLPRI, EPOLLOUT, EPOLLRDHUP, AF_UNIX } = this.host.kernel.constants;
    const both = EPOLLIN | EPOLLPRI | EPOLLRDHUP;
    // A UNIX socket reports OUT again for each message the peer takes: only asked for on need.
    return this.family === AF_UNIX && !this.blocked ? both : both | EPOLLOUT;
  }

  /** Takes up a descriptor that is connected already. Returns 0 or -errno. */
  open(): number {
    return this.host.reactor.register(this, this.fd, this.events);
  }

  /** Begins to connect; `onConnect` tells the end of it. Returns 0, or -errno at once. */
  connect(address: string, port: number): number {
    const status = this.host.kernel.connect(this.fd, this.family, address, port);
    if (status < 0 && status !== -errno.EINPROGRESS) return status;
    // A connect that is done already still reports later, so that callers see one order only.
    this.connecting = true;
    this.blocked = true;
    this.moreBehind = this.readable = false;
    const registered = this.slot >= 0 ? 0 : this.open();
    if (registered < 0) return registered;
    this.updateActive();
    if (status === 0) this.host.reactor.soon(this);
    return 0;
  }

  override onReady(events: number): void {
    const { EPOLLIN, EPOLLPRI, EPOLLOUT, EPOLLRDHUP, EPOLLHUP, EPOLLERR } =
      this.host.kernel.constants;
    const behind = EPOLLPRI | EPOLLRDHUP | EPOLLHUP | EPOLLERR;
    // Also with the event that ends a connect: the FIN of a quick peer gets no other.
    if (events & behind) this.moreBehind = true;
    if (this.connecting) {
      this.finishConnect();
      return;
    }
    if (events & (EPOLLIN | behind)) this.readable = true;
    try {
      if (this.blocked && events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) this.unblock();
    } finally {
      if (this.readable && this.reading) this.read();
      else if (events & behind) this.owner.forward?.wakeForEnd();
    }
  }

  override onTurn(): void {
    if (this.fd < 0) return;
    if (this.connecting) this.finishConnect();
    else if (this.readable && this.reading) this.read();
  }

  private finishConnect(): void {
    const failed = this.takeError();
    // A wake-up for nothing leaves it as it was: neither failed nor connected.
    if (failed === 0 && this.peerAddress() === -errno.ENOTCONN) return;
    this.connecting = false;
    this.blocked = false;
    this.updateActive();
    if (failed === 0 && this.family === this.host.kernel.constants.AF_UNIX) this.updateEvents();
    this.readable = true;
    this.owner.onConnect(failed);
  }

  /** Begins to deliver bytes, now or when there are any. */
  startReading(): void {
    if (this.reading || this.ended || this.fd < 0) return;
    this.reading = true;
    this.updateActive();
    if (this.readable) this.host.reactor.soon(this);
  }

  stopReading(): void {
    if (!this.reading) return;
    this.reading = false;
    // Whoever stops it keeps what was read: no more huge reads for a while.
    this.credit = this.host.reactor.slab.modest(this.credit);
    this.updateActive();
  }

  private updateActive(): void {
    this.setActive(this.reading || this.connecting || this.blocked);
  }

  private updateEvents(): void {
    this.host.reactor.modify(this, this.fd, this.events);
  }

  /**
   * One read, so that the ticks and promise jobs of what it delivered run before more is delivered;
   * the rest in this turn still, up to the budget, and then in the next.
   */
  private read(): void {
    const { reactor } = this.host;
    if (this.turn !== reactor.turn) {
      this.turn = reactor.turn;
      this.budgetBytes = reactor.crowded ? READ_COST_BYTES : BYTES_PER_TURN;
    }
    const before = this.bytesRead;
    const { forward } = this.owner;
    try {
      if (forward?.step(this)) return;
      if (this.readInto === null) this.readOnce();
      else this.readOnceInto(this.readInto);
    } finally {
      const count = this.bytesRead - before;
      reactor.spend(count);
      this.budgetBytes -= count > READ_COST_BYTES ? count : READ_COST_BYTES;
      // Also where a handler threw: what is left must not wait for the peer to send more.
      if (this.reading && this.readable && this.fd >= 0) {
        if (this.budgetBytes > 0) reactor.again(this);
        else reactor.soon(this);
      }
    }
  }

  private readOnce(): void {
    const { slab, crowded } = this.host.reactor;
    slab.reserve(this.credit, crowded);
    const count = this.host.kernel.read(this.fd, slab.bytes, slab.offset, slab.room);
    if (count > 0) {
      this.bytesRead += count;
      if (count < slab.room && !this.moreBehind) this.readable = false;
      const cut = slab.cuts(count);
      const chunk = slab.take(count);
      const whole = cut ? this.withRest(chunk) : chunk;
      const credit = slab.creditAfter(whole.length, this.credit);
      // A huge read has to be earned by a large one: whoever pauses now is to hold little.
      this.credit = cut ? slab.modest(credit) : credit;
      this.owner.onRead(whole);
    } else {
      this.readStopped(count);
    }
  }

  /**
   * A message that had no room in a small read is read to its end: the built-in cuts none of less
   * than 64 KiB. Only where there are bytes, as a read may take an error away that is behind them.
   */
  private withRest(first: Buffer): Buffer {
    const { kernel, reactor } = this.host;
    const { slab } = reactor;
    if (kernel.pending(this.fd, kernel.constants.FIONREAD) <= 0) return first;
    slab.reserveRest(first.length);
    const count = kernel.read(this.fd, slab.bytes, slab.offset, slab.room);
    if (count <= 0) return first;
    this.bytesRead += count;
    if (count < slab.room && !this.moreBehind) this.readable = false;
    return slab.joined(first, count);
  }

  private readOnceInto(buffer: Uint8Array): void {
    // A read of no bytes gives 0, which would be taken for the end.
    const room = buffer.length > 0;
    const count = room ? this.host.kernel.read(this.fd, buffer, 0, buffer.length) : -errno.ENOBUFS;
    if (count > 0) {
      this.bytesRead += count;
      if (count < buffer.length && !this.moreBehind) this.readable = false;
      this.owner.onReadInto(count);
    } else {
      this.readStopped(count);
    }
  }

  /** Something waits behind the bytes, so that a short read is not the last one. */
  get mayHaveMore(): boolean {
    return this.moreBehind;
  }

  /** Whether bytes may go to the kernel now, past the queue. */
  get writable(): boolean {
    return (
      this.fd >= 0 && !this.blocked && !this.connecting && !this.shutDown && this.pendingBytes === 0
    );
  }

  /** Bytes were read elsewhere: by a relay. */
  took(count: number, isLast: boolean): void {
    this.bytesRead += count;
    if (isLast && !this.moreBehind) this.readable = false;
  }

  /** A read gave no bytes: nothing there yet (-EAGAIN), the end (0), or an error. */
  readStopped(status: number): void {
    this.readable = false;
    if (status === -errno.EAGAIN) return;
    this.ended = true;
    this.stopReading();
    if (status === 0) this.owner.onReadEnd();
    else this.owner.onReadError(status);
  }

  /** How many queued bytes are not with the kernel yet. */
  get pendingBytes(): number {
    return this.writes === null ? 0 : this.writes.lengthBytes;
  }

  /** Adds a chunk to what the next flush sends. One over `COPY_BYTES` must not change meanwhile. */
  queue(chunk: Uint8Array): void {
    this.writes ??= WriteQueue.take();
    this.writes.push(chunk);
  }

  /** Takes out what is queued and not with the kernel: somebody else will send it. */
  takePending(): Uint8Array[] {
    const chunks = this.writes?.takeAll() ?? [];
    this.dropWrites();
    return chunks;
  }

  /** Sends what is queued when the running handler returns, or at the next tick. */
  flushSoon(): void {
    if (!this.blocked) this.host.reactor.flushSoon(this);
  }

  /** Lets the owner add to the queue, then sends it. */
  flush(): void {
    if (this.fd < 0 || this.blocked) return;
    this.owner.onFlush();
    const status = this.send();
    const { reactor } = this.host;
    const before = reactor.telling;
    reactor.telling = this;
    try {
      if (status < 0) this.owner.onWriteError(status);
      else if (this.pendingBytes === 0) this.owner.onWritten();
    } finally {
      reactor.telling = before;
    }
  }

  /** In place of `flush` at the process's end: nobody is told before the next tick. */
  sendNow(): void {
    if (this.fd < 0 || this.blocked) return;
    this.owner.onExit();
    this.send();
  }

  /** Sends now. Returns 0 (the rest waits if `pendingBytes`), or -errno. */
  send(): number {
    if (this.fd < 0) return -errno.EBADF;
    const { writes } = this;
    if (this.blocked || writes === null) return 0;
    while (writes.lengthBytes > 0) {
      const sent = writes.send(this.host.kernel, this.fd, this.finFollows && this.isTcp);
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

  private block(): number {
    this.blocked = true;
    this.writes?.settle();
    this.updateActive();
    if (this.family === this.host.kernel.constants.AF_UNIX) this.updateEvents();
    return 0;
  }

  private unblock(): void {
    this.blocked = false;
    this.updateActive();
    this.flush();
    if (this.fd >= 0 && !this.blocked && this.family === this.host.kernel.constants.AF_UNIX) {
      this.updateEvents();
    }
  }

  /** Sends FIN; a pipe has none, its closing is its end. Returns 0 or -errno. */
  shutdown(): number {
    const { kernel } = this.host;
    const status = this.family === 0 ? 0 : kernel.shutdown(this.fd, kernel.constants.SHUT_WR);
    if (status === 0) this.shutDown = true;
    return status;
  }

  override close(): number {
    this.dropWrites();
    this.reading = this.connecting = this.blocked = false;
    return super.close();
  }

  override detach(): number {
    this.reading = this.blocked = false;
    return super.detach();
  }

  /** Closes with RST in place of FIN: what is unsent is dropped. Returns 0 or -errno. */
  reset(): number {
    const { SOL_SOCKET, SO_LINGER, IPPROTO_TCP, TCP_NODELAY } = this.host.kernel.constants;
    const linger = Buffer.alloc(8);
    linger.writeInt32LE(1, 0);
    // The kernel may have kept the last bytes for a FIN: this sends them.
    if (this.finFollows && this.isTcp) this.setOption(IPPROTO_TCP, TCP_NODELAY, 1);
    const status = this.setOption(SOL_SOCKET, SO_LINGER, linger);
    this.close();
    return status;
  }
}
