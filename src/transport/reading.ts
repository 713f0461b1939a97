/**
 * The reading half of a stream. The descriptor is edge-triggered: `readable` remembers an event
 * until a read comes back short or empty. Reads stop after a budget, so that a peer that sends
 * without end does not starve the others; the rest is read in the next turn.
 */
import type { Scope } from '../reactor/pollable.js';
import {
  leastRoomBytes,
  mayReadVectored,
  nextGuess,
  pieceBytes,
  readsLarge,
  withoutHuge,
} from '../reactor/read_size.js';
import { errno } from '../util/system_error.js';
import type { Host } from './host.js';
import { NO_OWNER, type StreamOwner } from './stream_owner.js';
import { StreamState } from './stream_state.js';
import { endStatus } from './taken_error.js';
import { allUndelivered, hold, nextUndelivered } from './undelivered.js';

const BYTES_PER_TURN = 256 * 1024;
/** The least cost of a read in the budget: small reads wake handlers as large ones do. */
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

  /** The owner's own memory for reads; null for the slab. */
  get readInto(): Uint8Array | null {
    return this.owner.readInto ?? null;
  }

  /** Lets a relay do the work of one read, past the owner. Returns false if no relay may. */
  private tryRelay(): boolean {
    return this.owner.forward?.step(this) === true;
  }

  /** Begins to deliver bytes: those that wait, and those that come. */
  startReading(): void {
    if (this.reading || this.ended || this.fd < 0 || this.owner === NO_OWNER) return;
    this.reading = true;
    this.updateActive();
    if (this.hasWork) this.host.reactor.runNextTurn(this);
  }

  stopReading(): void {
    if (!this.reading) return;
    this.reading = false;
    this.forgetHugeReads();
    this.updateActive();
  }

  /**
   * Lowers the guess for a while. A reader that pauses keeps what was read, so it should be
   * little.
   */
  private forgetHugeReads(): void {
    this.sizeGuess = withoutHuge(this.sizeGuess);
  }

  protected updateActive(): void {
    this.setActive(this.reading || this.connecting || this.blocked);
  }

  protected get hasWork(): boolean {
    return this.reading && (this.readable || this.undelivered);
  }

  override onReentry(): void {
    if (this.fd >= 0 && this.hasWork) this.host.reactor.runAgainThisTurn(this);
  }

  /**
   * Does one read, so that the ticks and promise jobs of its delivery run before the next one.
   * Further reads follow in this turn, up to the budget, and then in the next turn.
   */
  protected read(): void {
    const { reactor } = this.host;
    this.beginTurn(reactor.turn, reactor.overReadBudget ? 1 : READS_PER_TURN);
    const before = this.bytesRead;
    // The budget has paid for undelivered bytes already.
    const wasRead = this.undelivered;
    try {
      if (this.undelivered) this.deliverNext();
      else if (this.tryRelay()) return;
      else this.readPlainly();
    } finally {
      const count = this.bytesRead - before;
      if (!wasRead) {
        reactor.spend(count);
        this.spendReads(count > READ_COST_BYTES ? Math.ceil(count / READ_COST_BYTES) : 1);
      }
      // Done even if a handler threw: the rest must not wait for the peer to send more.
      if (this.fd >= 0 && this.hasWork) {
        if (this.undelivered || this.readsLeft > 0) reactor.runAgainThisTurn(this);
        else reactor.runNextTurn(this);
      }
    }
  }

  private readPlainly(): void {
    const { readInto } = this;
    if (readInto === null) this.readOnce();
    else this.readOnceInto(readInto);
  }

  private readOnce(): void {
    const { slab, overReadBudget } = this.host.reactor;
    if (readsLarge(this.sizeGuess)) {
      const { buffers = null } = this.owner;
      if (buffers !== null) {
        this.readForBuffer(buffers === 'here');
        return;
      }
    }
    if (slab.mayBeVectored && mayReadVectored(this.sizeGuess) && this.isFlooded()) {
      this.readVectored();
      return;
    }
    slab.reserve(leastRoomBytes(this.sizeGuess, overReadBudget));
    const count = this.host.kernel.read(this.fd, slab.bytes, slab.offset, slab.room);
    if (count > 0) {
      this.bytesRead += count;
      if (count < slab.room && !this.shortReadMayGoOn) this.readable = false;
      if (slab.cuts(count)) {
        const whole = this.withRest(slab.take(count));
        // A large read has to come before a huge one: a reader that pauses now then keeps little.
        this.sizeGuess = withoutHuge(nextGuess(whole.length, this.sizeGuess));
        this.owner.onRead(whole);
        return;
      }
      const chunk = slab.take(count);
      this.sizeGuess = nextGuess(count, this.sizeGuess);
      this.owner.onRead(chunk);
    } else {
      this.readStopped(count);
    }
  }

  /**
   * Reads for a buffer, where the bytes may stay: no more than the built-in reads. If they stay as
   * they are, they get memory of their own, since a piece of a slab would keep all of it alive.
   */
  private readForBuffer(stays: boolean): void {
    const { slab } = this.host.reactor;
    this.forgetHugeReads();
    slab.reserve(leastRoomBytes(this.sizeGuess, true));
    const count = this.host.kernel.read(this.fd, slab.bytes, slab.offset, slab.room);
    if (count <= 0) {
      this.readStopped(count);
      return;
    }
    this.bytesRead += count;
    if (count < slab.room && !this.shortReadMayGoOn) this.readable = false;
    this.sizeGuess = withoutHuge(nextGuess(count, this.sizeGuess));
    this.owner.onRead(stays ? slab.copy(count) : slab.take(count));
  }

  /**
   * Whether more bytes wait than a huge read takes. If not, a vectored read would come back short,
   * and the socket would wait for an event, which comes with the first part of the next message.
   * False if another process may have the descriptor: it would miss the bytes that are kept here.
   * False also if this thread keeps much already for readers that have paused.
   */
  private isFlooded(): boolean {
    const { kernel, reactor } = this.host;
    if (!this.isTcp || !this.exclusive || !reactor.fewWaiting) return false;
    if (!reactor.kept.hasRoom(reactor.slab.vectoredBytes)) return false;
    return kernel.pending(this.fd, kernel.constants.FIONREAD) > reactor.slab.vectoredFromBytes;
  }

  private readVectored(): void {
    const { kernel, reactor } = this.host;
    const { slab } = reactor;
    const room = slab.vectored();
    const count = kernel.readv(this.fd, room, room.length);
    if (count <= 0) {
      this.readStopped(count);
      return;
    }
    if (!slab.fillsVectored(count) && !this.shortReadMayGoOn) this.readable = false;
    this.sizeGuess = nextGuess(count, this.sizeGuess);
    reactor.spend(Math.max(0, count - BYTES_PER_TURN));
    this.putUndelivered(slab.takeVectored(count));
    this.deliverNext();
  }

  /** Delivers one piece, or as much as fits the owner's memory. */
  private deliverNext(): void {
    const { readInto } = this;
    if (readInto?.length === 0) {
      this.readStopped(-errno.ENOBUFS);
      return;
    }
    const { kept } = this.host.reactor;
    const { piece, isLast } = nextUndelivered(
      this,
      readInto?.length ?? pieceBytes(this.sizeGuess),
      kept,
    );
    this.undelivered = !isLast;
    this.bytesRead += piece.length;
    if (readInto === null) {
      this.owner.onRead(piece);
    } else {
      readInto.set(piece);
      this.owner.onReadInto(piece.length);
    }
  }

  /** Keeps bytes that were read. They are delivered before any others. */
  putUndelivered(pieces: Buffer[]): void {
    if (pieces.length === 0) return;
    hold(this, pieces, this.host.reactor.kept);
    this.undelivered = true;
  }

  /** Takes back the rest of a piece; the owner gets it later. */
  unread(rest: Buffer): void {
    this.bytesRead -= rest.length;
    this.forgetHugeReads();
    this.putUndelivered([rest, ...this.takeUndelivered()]);
  }

  /** Returns the bytes that were read and not delivered, for whoever takes the connection over. */
  takeUndelivered(): Buffer[] {
    this.undelivered = false;
    return allUndelivered(this, this.host.reactor.kept);
  }

  /**
   * Reads the rest of a message that filled a small read: the built-in cuts no message under 64
   * KiB. Reads only if bytes wait, since a read could take out an error that follows them.
   */
  private withRest(first: Buffer): Buffer {
    const { kernel, reactor } = this.host;
    const { slab } = reactor;
    if (kernel.pending(this.fd, kernel.constants.FIONREAD) <= 0) return first;
    slab.reserveRest(first.length);
    const count = kernel.read(this.fd, slab.bytes, slab.offset, slab.room);
    if (count <= 0) return first;
    this.bytesRead += count;
    if (count < slab.room && !this.shortReadMayGoOn) this.readable = false;
    return slab.joined(first, count);
  }

  private readOnceInto(buffer: Uint8Array): void {
    // A read into no room would return 0, which means the end.
    const room = buffer.length > 0;
    const count = room ? this.host.kernel.read(this.fd, buffer, 0, buffer.length) : -errno.ENOBUFS;
    if (count > 0) {
      this.bytesRead += count;
      if (count < buffer.length && !this.shortReadMayGoOn) this.readable = false;
      this.owner.onReadInto(count);
    } else {
      this.readStopped(count);
    }
  }

  /**
   * Whether the owner may not have got all bytes yet that came before now: bytes are unread, or
   * the ticks of the last read have not run.
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

  /** Notes bytes that a relay has read. */
  noteRead(count: number, isLast: boolean): void {
    this.bytesRead += count;
    if (isLast && !this.shortReadMayGoOn) this.readable = false;
  }

  /** Ends a read that gave no bytes: none there yet (-EAGAIN), the end (0), or an error. */
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
