/**
 * The memory for reads, in two slabs. The small slab is for sockets with small messages: a program
 * gets each read where it lies, as with Node's own small buffers. The large slab is for large
 * reads: a program gets only those where they lie, since a small view would keep all of the slab
 * alive.
 */

import type threads from 'node:worker_threads';
import { bufferOver, ownCopy } from '../util/view.js';
import { HUGE_READ_BYTES, READ_BYTES } from './read_size.js';

/**
 * The size of a large slab: the most memory that a program can keep alive by keeping one small
 * piece.
 */
const SLAB_BYTES = 256 * 1024;
const SMALL_SLAB_BYTES = 16 * 1024;

/**
 * The slabs that a vectored read may fill, after several filled huge reads. If a peer sends more
 * than the program reads, the kernel holds megabytes, and each read costs the kernel an
 * acknowledgement. Each slab becomes a chunk of its own, so that a small view keeps no more than
 * one alive.
 */
const VECTORED_SLABS = 4;

/** Reads with this much room or more land in the large slab. */
const LARGE_BYTES = READ_BYTES;

/** From here on a copy costs more than the slab it would free. */
const HAND_OUT_BYTES = 8 * 1024;

/** Views begin on a cache line, small ones on a word. */
const ALIGN_BYTES = 64;
const SMALL_ALIGN_BYTES = 8;

let mark: typeof threads.markAsUntransferable | null = null;

/**
 * Memory for the bytes of several sockets. A program must not transfer it with its own piece, as
 * the others would lose theirs. As with Buffer's own pool, that throws DataCloneError (Node 20
 * sends a copy).
 */
function shared(lengthBytes: number): Buffer {
  const memory = Buffer.allocUnsafeSlow(lengthBytes);
  // Loaded with the first bytes, when a server that listens has started already.
  mark ??= (require('node:worker_threads') as typeof threads).markAsUntransferable;
  mark(memory.buffer);
  return memory;
}

export class Slab {
  /** The place of the next read: `bytes[offset, offset + room)`. */
  bytes: Buffer = Buffer.alloc(0);
  offset = 0;
  room = 0;

  // The memory of both slabs is kept in fields: asking a Buffer for it costs more than making a
  // view.
  private large: Buffer = this.bytes;
  private largeMemory: ArrayBufferLike = this.bytes.buffer;
  private largeOffset = 0;
  private small: Buffer = this.bytes;
  private smallMemory: ArrayBufferLike = this.bytes.buffer;
  private smallOffset = 0;
  /** Whole slabs without any bytes in them. */
  private readonly blank: Buffer[] = [];
  /**
   * Whether vectored reads are allowed. False if a connection may go to another process: that
   * process gets the bytes in the kernel, but not those that were read and not delivered.
   */
  mayBeVectored = true;
  /** A vectored read needs more than this many bytes in the socket. */
  readonly vectoredFromBytes: number = HUGE_READ_BYTES;
  /** The most bytes of a vectored read. */
  readonly vectoredBytes: number = VECTORED_SLABS * SLAB_BYTES;

  /** Makes room for one read of `leastBytes` or more; see `read_size.ts`. */
  reserve(leastBytes: number): void {
    if (leastBytes < LARGE_BYTES) this.reserveSmall(leastBytes);
    else this.reserveLarge(leastBytes);
  }

  /** Whether `count` bytes filled all the room of a small read, so that more may wait. */
  cuts(count: number): boolean {
    return count === this.room && this.bytes === this.small;
  }

  /** Makes room for the bytes after a read of `count` bytes that was cut: up to 64 KiB in all. */
  reserveRest(count: number): void {
    this.reserveLarge(READ_BYTES - count);
  }

  /**
   * Joins `first` and the `count` bytes that a read just put at `offset`, in memory of their own.
   */
  joined(first: Buffer, count: number): Buffer {
    return Buffer.concat([first, this.bytes.subarray(this.offset, this.offset + count)]);
  }

  private reserveLarge(room: number): void {
    if (this.large.length - this.largeOffset < room) {
      this.setLarge(shared(SLAB_BYTES), 0);
    }
    this.bytes = this.large;
    this.offset = this.largeOffset;
    this.room = room;
  }

  private setLarge(large: Buffer, offset: number): void {
    this.large = large;
    this.largeMemory = large.buffer;
    this.largeOffset = offset;
  }

  private reserveSmall(leastRoom: number): void {
    if (this.small.length - this.smallOffset < leastRoom) {
      this.small = shared(SMALL_SLAB_BYTES);
      this.smallMemory = this.small.buffer;
      this.smallOffset = 0;
    }
    this.bytes = this.small;
    this.offset = this.smallOffset;
    this.room = this.small.length - this.smallOffset;
  }

  /** The slabs for a vectored read, to be filled in this order. */
  vectored(): readonly Buffer[] {
    while (this.blank.length < VECTORED_SLABS) this.blank.push(shared(SLAB_BYTES));
    return this.blank;
  }

  /** Whether a vectored read of `count` bytes filled all its room. */
  fillsVectored(count: number): boolean {
    return count === this.vectoredBytes;
  }

  /**
   * The `count` bytes that a read just put into `vectored()`, in pieces that the program may keep.
   */
  takeVectored(count: number): Buffer[] {
    const pieces = this.blank.splice(0, Math.floor(count / SLAB_BYTES));
    const rest = count % SLAB_BYTES;
    const [last] = this.blank;
    if (rest === 0 || last === undefined) return pieces;
    if (rest < HAND_OUT_BYTES) {
      pieces.push(Buffer.from(last.subarray(0, rest)));
      return pieces;
    }
    this.blank.shift();
    pieces.push(last.subarray(0, rest));
    // The memory after the piece has room for large reads.
    this.setLarge(last, (rest + ALIGN_BYTES - 1) & -ALIGN_BYTES);
    return pieces;
  }

  /** A copy of the `count` bytes that a read just put at `offset`, in memory of its own. */
  copy(count: number): Buffer {
    return ownCopy(this.bytes.subarray(this.offset, this.offset + count));
  }

  /** The `count` bytes that a read just put at `offset`. The program may keep them. */
  take(count: number): Buffer {
    const { bytes, offset } = this;
    const end = offset + count;
    if (bytes === this.small) {
      this.smallOffset = (end + SMALL_ALIGN_BYTES - 1) & -SMALL_ALIGN_BYTES;
    } else if (count >= HAND_OUT_BYTES) {
      this.largeOffset = (end + ALIGN_BYTES - 1) & -ALIGN_BYTES;
    } else {
      const copy = Buffer.allocUnsafe(count);
      bytes.copy(copy, 0, offset, end);
      return copy;
    }
    return bufferOver(bytes === this.small ? this.smallMemory : this.largeMemory, offset, count);
  }
}
