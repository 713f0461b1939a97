/**
 * The reading half of a stream. The descriptor is edge-triggered: `readable` remembers an event
 * until a read comes back short or empty. Reads stop after a budget, so that a peer that sends
 * without end does not starve the others; the rest is read in the next turn.
 */
import {
  leastRoomBytes,
  mayReadVectored,
  nextGuess,
  pieceBytes,
  readsLarge,
  withoutHuge,
} from '../reactor/read_size.js';
import { errno } from '../util/system_error.js';
import type { Descriptor } from './descriptor.js';
import type { StreamOwner } from './stream_owner.js';
import { nextUndelivered, putUndelivered } from './undelivered.js';

const BYTES_PER_TURN = 256 * 1024;
/** The least cost of a read in the budget: small reads wake handlers as large ones do. */
const READ_COST_BYTES = 64 * 1024;
const READS_PER_TURN = BYTES_PER_TURN / READ_COST_BYTES;

/** A stream, as far as reading goes. */
export interface ReadEnd extends Descriptor {
  readonly owner: StreamOwner;
  /** The owner's own memory, where reads are to land there. */
  readonly readInto: Uint8Array | null;
  bytesRead: number;
  readable: boolean;
  undelivered: boolean;
  sizeGuess: number;
  readonly shortReadMayGoOn: boolean;
  /** The owner wants bytes, and there may be some. */
  readonly hasWork: boolean;
  readonly readsLeft: number;
  beginTurn(turn: number, reads: number): void;
  spendReads(count: number): void;
  /** A read gave no bytes: nothing there yet (-EAGAIN), the end (0), or an error. */
  readStopped(status: number): void;
}

/**
 * One read, so that the ticks and promise jobs of what it delivered run before more is delivered;
 * the rest in this turn still, up to the budget, and then in the next.
 */
export function read(end: ReadEnd): void {
  const { reactor } = end.host;
  end.beginTurn(reactor.turn, reactor.overReadBudget ? 1 : READS_PER_TURN);
  const before = end.bytesRead;
  // The budget has paid for it.
  const wasRead = end.undelivered;
  try {
    if (end.undelivered) deliverNext(end);
    else if (tryRelay(end)) return;
    else readPlainly(end);
  } finally {
    const count = end.bytesRead - before;
    if (!wasRead) {
      reactor.spend(count);
      end.spendReads(count > READ_COST_BYTES ? Math.ceil(count / READ_COST_BYTES) : 1);
    }
    // Also where a handler threw: what is left must not wait for the peer to send more.
    if (end.fd >= 0 && end.hasWork) {
      if (end.undelivered || end.readsLeft > 0) reactor.runAgainThisTurn(end);
      else reactor.runNextTurn(end);
    }
  }
}

function readPlainly(end: ReadEnd): void {
  const { readInto } = end;
  if (readInto === null) readOnce(end);
  else readOnceInto(end, readInto);
}

function readOnce(end: ReadEnd): void {
  const { slab, overReadBudget } = end.host.reactor;
  if (readsLarge(end.sizeGuess)) {
    const { buffers = null } = end.owner;
    if (buffers !== null) {
      readForBuffer(end, buffers === 'here');
      return;
    }
  }
  if (slab.mayBeVectored && mayReadVectored(end.sizeGuess) && isFlooded(end)) {
    readVectored(end);
    return;
  }
  slab.reserve(leastRoomBytes(end.sizeGuess, overReadBudget));
  const count = end.host.kernel.read(end.fd, slab.bytes, slab.offset, slab.room);
  if (count > 0) {
    end.bytesRead += count;
    if (count < slab.room && !end.shortReadMayGoOn) end.readable = false;
    if (slab.cuts(count)) {
      const whole = withRest(end, slab.take(count));
      // A huge read has to be earned by a large one: whoever pauses now is to hold little.
      end.sizeGuess = withoutHuge(nextGuess(whole.length, end.sizeGuess));
      end.owner.onRead(whole);
      return;
    }
    const chunk = slab.take(count);
    end.sizeGuess = nextGuess(count, end.sizeGuess);
    end.owner.onRead(chunk);
  } else {
    end.readStopped(count);
  }
}

/**
 * For a buffer, where the bytes may stay: no more than the built-in reads. Where they do as they
 * come, they get memory of their own, as a piece of a slab would keep all of it alive.
 */
function readForBuffer(end: ReadEnd, stays: boolean): void {
  const { slab } = end.host.reactor;
  forgetHugeReads(end);
  slab.reserve(leastRoomBytes(end.sizeGuess, true));
  const count = end.host.kernel.read(end.fd, slab.bytes, slab.offset, slab.room);
  if (count <= 0) {
    end.readStopped(count);
    return;
  }
  end.bytesRead += count;
  if (count < slab.room && !end.shortReadMayGoOn) end.readable = false;
  end.sizeGuess = withoutHuge(nextGuess(count, end.sizeGuess));
  end.owner.onRead(stays ? slab.copy(count) : slab.take(count));
}

/**
 * There is more than a huge read takes. Else the read would come back short, and the socket would
 * wait for an event, which comes with the first part of the next message. Not where somebody else
 * may have the descriptor: he would read on behind what is held here. Nor where this thread keeps
 * much already for readers that have paused.
 */
function isFlooded(end: ReadEnd): boolean {
  const { kernel, reactor } = end.host;
  if (!end.isTcp || !end.exclusive || !reactor.fewWaiting) return false;
  if (!reactor.kept.hasRoom(reactor.slab.vectoredBytes)) return false;
  return kernel.pending(end.fd, kernel.constants.FIONREAD) > reactor.slab.vectoredFromBytes;
}

function readVectored(end: ReadEnd): void {
  const { kernel, reactor } = end.host;
  const { slab } = reactor;
  const room = slab.vectored();
  const count = kernel.readv(end.fd, room, room.length);
  if (count <= 0) {
    end.readStopped(count);
    return;
  }
  if (!slab.fillsVectored(count) && !end.shortReadMayGoOn) end.readable = false;
  end.sizeGuess = nextGuess(count, end.sizeGuess);
  reactor.spend(Math.max(0, count - BYTES_PER_TURN));
  putUndelivered(end, slab.takeVectored(count));
  deliverNext(end);
}

/** One piece, or what the owner's memory has room for. */
function deliverNext(end: ReadEnd): void {
  const { readInto } = end;
  if (readInto?.length === 0) {
    end.readStopped(-errno.ENOBUFS);
    return;
  }
  const piece = nextUndelivered(end, readInto?.length ?? pieceBytes(end.sizeGuess));
  end.bytesRead += piece.length;
  if (readInto === null) {
    end.owner.onRead(piece);
  } else {
    readInto.set(piece);
    end.owner.onReadInto(piece.length);
  }
}

/**
 * A message that had no room in a small read is read to its end: the built-in cuts none of less
 * than 64 KiB. Only where there are bytes, as a read may take an error away that is behind them.
 */
function withRest(end: ReadEnd, first: Buffer): Buffer {
  const { kernel, reactor } = end.host;
  const { slab } = reactor;
  if (kernel.pending(end.fd, kernel.constants.FIONREAD) <= 0) return first;
  slab.reserveRest(first.length);
  const count = kernel.read(end.fd, slab.bytes, slab.offset, slab.room);
  if (count <= 0) return first;
  end.bytesRead += count;
  if (count < slab.room && !end.shortReadMayGoOn) end.readable = false;
  return slab.joined(first, count);
}

function readOnceInto(end: ReadEnd, buffer: Uint8Array): void {
  // A read of no bytes gives 0, which would be taken for the end.
  const room = buffer.length > 0;
  const count = room ? end.host.kernel.read(end.fd, buffer, 0, buffer.length) : -errno.ENOBUFS;
  if (count > 0) {
    end.bytesRead += count;
    if (count < buffer.length && !end.shortReadMayGoOn) end.readable = false;
    end.owner.onReadInto(count);
  } else {
    end.readStopped(count);
  }
}

/** Lets the bytes go past the owner, if they may: one read's work. */
function tryRelay(end: ReadEnd): boolean {
  return end.owner.forward?.step(end) === true;
}

/** Whoever stops keeps what was read: no more huge reads for a while. */
export function forgetHugeReads(end: ReadEnd): void {
  end.sizeGuess = withoutHuge(end.sizeGuess);
}
