/**
 * The memory that reads land in. There are two: a small one for sockets whose messages are small,
 * from which each read is handed out as it lies, as Node's own small buffers are; and a large one,
 * from which only large reads are handed out, since a small view would keep all of it alive.
 */

import type threads from 'node:worker_threads';
import { bufferOver, ownCopy } from '../util/view.js';
import { HUGE_READ_BYTES, READ_BYTES } from './read_size.js';

/** What one small piece that somebody keeps can keep alive, at most. */
const SLAB_BYTES = 256 * 1024;
const SMALL_SLAB_BYTES = 16 * 1024;

/**
 * Where several huge reads were filled, a read fills up to this many slabs: of a peer that sends
 * more than is read, the kernel keeps megabytes, and each read costs it an acknowledgement. Each
 * slab is handed out by itself, so that a small view keeps no more than one.
 */
const VECTORED_SLABS = 4;

/** Reads with this much room or more land in the large slab. */
const LARGE_BYTES = READ_BYTES;

/** From here on a copy costs more than the slab it would free. */
const HAND_OUT_BYTES = 8 * 1024;

/** Handed-out views begin on a cache line, or where small on a word. */
const ALIGN_BYTES = 64;
const SMALL_ALIGN_BYTES = 8;

let mark: typeof threads.markAsUntransferable | null = null;

/**
 * Memory that several sockets' bytes will lie in. Nobody may transfer it with the piece of it that
 * is his: the others would lose theirs. As with Buffer's own pool that is a DataCloneError (Node 20
 * sends a copy).
 */
function shared(lengthBytes: number): Buffer {
  const memory = Buffer.allocUnsafeSlow(lengthBytes);
  // Loaded with the first bytes: a server that listens has started by then.
  mark ??= (require('node:worker_threads') as typeof threads).markAsUntransferable;
  mark(memory.buffer);
  return memory;
}

export class Slab {
  /** Where the next read lands: `bytes[offset, offset + room)`. */
  bytes: Buffer = Buffer.alloc(0);
  offset = 0;
  room = 0;

  // What the two are views of is kept: asking for it costs more than making a view.
  private large: Buffer = this.bytes;
  private largeMemory: ArrayBufferLike = this.bytes.buffer;
  private largeOffset = 0;
  private small: Buffer = this.bytes;
  private smallMemory: ArrayBufferLike = this.bytes.buffer;
  private smallOffset = 0;
  /** Whole slabs that nothing lies in. */
  private readonly blank: Buffer[] = [];
  /**
   * Off where a connection may go to another process, which gets what is in the kernel, but nothing
   * that was read and not delivered.
   */
  mayBeVectored = true;
  /** More than this has to be there for a vectored read. */
  readonly vectoredFromBytes: number = HUGE_READ_BYTES;
  /** What a vectored read brings at most. */
  readonly vectoredBytes: number = VECTORED_SLABS * SLAB_BYTES;

  /** Makes room for one read of `leastBytes` or more; see `read_size.ts`. */
  reserve(leastBytes: number): void {
    if (leastBytes < LARGE_BYTES) this.reserveSmall(leastBytes);
    else this.reserveLarge(leastBytes);
  }

  /** Whether `count` bytes are as many as a small read had room for. */
  cuts(count: number): boolean {
    return count === this.room && this.bytes === this.small;
  }

  /** Makes room for what is behind a read of `count` bytes that was cut: to 64 KiB with them. */
  reserveRest(count: number): void {
    this.reserveLarge(READ_BYTES - count);
  }

  /** `first` and the `count` bytes that a read just put at `offset`, in memory of their own. */
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

  /** Room for a vectored read, to be filled in this order. */
  vectored(): readonly Buffer[] {
    while (this.blank.length < VECTORED_SLABS) this.blank.push(shared(SLAB_BYTES));
    return this.blank;
  }

  /** Whether a vectored read of `count` bytes left no room. */
  fillsVectored(count: number): boolean {
    return count === this.vectoredBytes;
  }

  /** The `count` bytes that a read just put into `vectored()`, in pieces for somebody to keep. */
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
    // What is behind it has room for large reads.
    this.setLarge(last, (rest + ALIGN_BYTES - 1) & -ALIGN_BYTES);
    return pieces;
  }

  /** The `count` bytes that a read just put at `offset`, in memory that has nothing else. */
  copy(count: number): Buffer {
    return ownCopy(this.bytes.subarray(this.offset, this.offset + count));
  }

  /** The `count` bytes that a read just put at `offset`, for somebody to keep. */
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
