/**
 * The reading half of a stream. The descriptor is edge-triggered: `readable` remembers an event
 * until a read comes back short or empty. Reads stop after a budget, so that one peer who sends
 * without end does not starve the rest; what is left goes on next turn.
 */
import type { Scope } from '../reactor/pollable.js';
import { errno } from '../util/system_error.js';
import { allHeld, hold, nextHeld } from './held.js';
import type { Host } from './host.js';
import { StreamState } from './state_word.js';
import { nobody, type StreamOwner } from './stream_owner.js';
import { endStatus } from './taken_error.js';

const BYTES_PER_TURN = 256 * 1024;
/** What a read costs of that at least: small ones wake handlers as large ones do. */
const READ_COST_BYTES = 64 * 1024;
const READS_PER_TURN = BYTES_PER_TURN / READ_COST_BYTES;

export abstract class StreamReader extends StreamState {
  bytesRead = 0;

  constructor(
    host: Host,
    fd: number,
    family: number,
    public owner: StreamOwner,
  ) {
    super(host, fd, family);
  }

  override get scope(): Scope | null {
    return this.owner.scope ?? null;
  }

  /** The owner's own memory, where reads are to land there. */
  get readInto(): Uint8Array | null {
    return this.owner.readInto ?? null;
  }

  /** Lets the bytes go past the owner, if they may: one read's work. */
  protected abstract stepsPast(): boolean;

  /** Begins to deliver bytes, now or when there are any. */
  startReading(): void {
    if (this.reading || this.ended || this.fd < 0 || this.owner === nobody) return;
    this.reading = true;
    this.updateActive();
    if (this.hasWork) this.host.reactor.soon(this);
  }

  stopReading(): void {
    if (!this.reading) return;
    this.reading = false;
    this.calm();
    this.updateActive();
  }

  /** Whoever stops keeps what was read: no more huge reads for a while. */
  private calm(): void {
    this.credit = this.host.reactor.slab.modest(this.credit);
  }

  protected updateActive(): void {
    this.setActive(this.reading || this.connecting || this.blocked);
  }

  protected get hasWork(): boolean {
    return this.reading && (this.readable || this.holding);
  }

  override onReentry(): void {
    if (this.fd >= 0 && this.hasWork) this.host.reactor.again(this);
  }

  /**
   * One read, so that the ticks and promise jobs of what it delivered run before more is delivered;
   * the rest in this turn still, up to the budget, and then in the next.
   */
  protected read(): void {
    const { reactor } = this.host;
    this.beginTurn(reactor.turn, reactor.crowded ? 1 : READS_PER_TURN);
    const before = this.bytesRead;
    // The budget has paid for it.
    const wasRead = this.holding;
    try {
      if (this.holding) this.deliverHeld();
      else if (this.stepsPast()) return;
      else this.readPlainly();
    } finally {
      const count = this.bytesRead - before;
      if (!wasRead) {
        reactor.spend(count);
        this.spendReads(count > READ_COST_BYTES ? Math.ceil(count / READ_COST_BYTES) : 1);
      }
      // Also where a handler threw: what is left must not wait for the peer to send more.
      if (this.fd >= 0 && this.hasWork) {
        if (this.holding || this.readsLeft > 0) reactor.again(this);
        else reactor.soon(this);
      }
    }
  }

  private readPlainly(): void {
    const { readInto } = this;
    if (readInto === null) this.readOnce();
    else this.readOnceInto(readInto);
  }

  private readOnce(): void {
    const { slab, crowded } = this.host.reactor;
    if (slab.isLarge(this.credit)) {
      const { buffers = null } = this.owner;
      if (buffers !== null) {
        this.readForBuffer(buffers === 'here');
        return;
      }
    }
    if (slab.maySpread(this.credit) && this.isFlooded()) {
      this.readSpread();
      return;
    }
    slab.reserve(this.credit, crowded);
    const count = this.host.kernel.read(this.fd, slab.bytes, slab.offset, slab.room);
    if (count > 0) {
      this.bytesRead += count;
      if (count < slab.room && !this.moreBehind) this.readable = false;
      if (slab.cuts(count)) {
        const whole = this.withRest(slab.take(count));
        // A huge read has to be earned by a large one: whoever pauses now is to hold little.
        this.credit = slab.modest(slab.creditAfter(whole.length, this.credit));
        this.owner.onRead(whole);
        return;
      }
      const chunk = slab.take(count);
      this.credit = slab.creditAfter(count, this.credit);
      this.owner.onRead(chunk);
    } else {
      this.readStopped(count);
    }
  }

  /**
   * For a buffer, where the bytes may stay: no more than the built-in reads. Where they do as they
   * come, they get memory of their own, as a piece of a slab would keep all of it alive.
   */
  private readForBuffer(stays: boolean): void {
    const { slab } = this.host.reactor;
    this.calm();
    slab.reserve(this.credit, true);
    const count = this.host.kernel.read(this.fd, slab.bytes, slab.offset, slab.room);
    if (count <= 0) {
      this.readStopped(count);
      return;
    }
    this.bytesRead += count;
    if (count < slab.room && !this.moreBehind) this.readable = false;
    this.credit = slab.modest(slab.creditAfter(count, this.credit));
    this.owner.onRead(stays ? slab.copy(count) : slab.take(count));
  }

  /**
   * There is more than a huge read takes. Else the read would come back short, and the socket would
   * wait for an event, which comes with the first part of the next message. Not where somebody else
   * may have the descriptor: he would read on behind what is held here. Nor where this thread keeps
   * much already for readers that have paused.
   */
  private isFlooded(): boolean {
    const { kernel, reactor } = this.host;
    if (!this.isTcp || !this.exclusive || !reactor.isQuiet) return false;
    if (!reactor.kept.hasRoom(reactor.slab.spreadBytes)) return false;
    return kernel.pending(this.fd, kernel.constants.FIONREAD) > reactor.slab.spreadsFromBytes;
  }

  private readSpread(): void {
    const { kernel, reactor } = this.host;
    const { slab } = reactor;
    const room = slab.spread();
    const count = kernel.readv(this.fd, room, room.length);
    if (count <= 0) {
      this.readStopped(count);
      return;
    }
    if (!slab.fillsSpread(count) && !this.moreBehind) this.readable = false;
    this.credit = slab.creditAfter(count, this.credit);
    reactor.spend(Math.max(0, count - BYTES_PER_TURN));
    this.putHeld(slab.takeSpread(count));
    this.deliverHeld();
  }

  /** One piece, or what the owner's memory has room for. */
  private deliverHeld(): void {
    const { readInto } = this;
    if (readInto?.length === 0) {
      this.readStopped(-errno.ENOBUFS);
      return;
    }
    const { slab, kept } = this.host.reactor;
    const { piece, isLast } = nextHeld(
      this,
      readInto?.length ?? slab.pieceBytes(this.credit),
      kept,
    );
    this.holding = !isLast;
    this.bytesRead += piece.length;
    if (readInto === null) {
      this.owner.onRead(piece);
    } else {
      readInto.set(piece);
      this.owner.onReadInto(piece.length);
    }
  }

  /** What was read, and is to be delivered before anything else. */
  putHeld(pieces: Buffer[]): void {
    if (pieces.length === 0) return;
    hold(this, pieces, this.host.reactor.kept);
    this.holding = true;
  }

  /** The owner takes the rest of a piece later. */
  giveBack(rest: Buffer): void {
    this.bytesRead -= rest.length;
    this.calm();
    this.putHeld([rest, ...this.takeHeld()]);
  }

  /** Takes what was read and not delivered, for somebody who carries the connection on. */
  takeHeld(): Buffer[] {
    this.holding = false;
    return allHeld(this, this.host.reactor.kept);
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
    if (this.holding) return true;
    return !this.ended && kernel.pending(this.fd, kernel.constants.FIONREAD) !== 0;
  }

  /** Something waits behind the bytes, so that a short read is not the last one. */
  get mayHaveMore(): boolean {
    return this.moreBehind;
  }

  /** Bytes were read elsewhere: by a relay. */
  took(count: number, isLast: boolean): void {
    this.bytesRead += count;
    if (isLast && !this.moreBehind) this.readable = false;
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
}
