/**
 * Chunks that wait for the kernel. `push` copies small chunks: the caller may then use its memory
 * again, and several chunks lie side by side and leave in one plain write. The queue refers to all
 * other chunks, which must not change until they are sent.
 *
 * The cost of a call does not grow with the queue: a send looks only at the chunks that it sends,
 * and sent chunks are removed in bulk.
 */
import type { Kernel } from '../sys/kernel.js';
import { errno } from '../util/system_error.js';
import { CopyPool } from './copy_pool.js';

/** Chunks up to this size are copied. */
export const COPY_BYTES = 8 * 1024;

/** A queue of no more than this is sent in one plain write. */
const JOIN_BYTES = 16 * 1024;

/**
 * Many small chunks are copied together up to this size for one plain write: copying a small chunk
 * costs less than describing it to writev(2).
 */
const JOIN_SMALL_BYTES = 64 * 1024;

/** The least number of sent chunks that are removed at once. */
const FORGET_CHUNKS = 1024;

const NOTHING = new Uint8Array(0);

/** One for all queues of the thread: each call fills and sends it. */
let scratch: Buffer | null = null;

/** The memory for the small chunks of all queues of the thread, until they are sent. */
let pool = new CopyPool();

function put(
  kernel: Kernel,
  fd: number,
  bytes: Uint8Array,
  offset: number,
  length: number,
  finWithLastBytes: boolean,
): number {
  if (finWithLastBytes) return kernel.writeMore(fd, bytes, offset, length);
  return kernel.write(fd, bytes, offset, length);
}

/** The most unused queues that a thread keeps. */
const SPARE_QUEUES = 64;
const spare: WriteQueue[] = [];

export class WriteQueue {
  lengthBytes = 0;
  /**
   * The rest waits for the next turn, though the kernel has room, so that other sockets get
   * theirs.
   */
  yields = false;
  /** The first chunk: its bytes from `skip` to `end`. Most queues never hold another. */
  private head: Uint8Array | null = null;
  private skip = 0;
  private end = 0;
  /** All chunks; null unless there were several since the queue was empty. */
  private chunks: Uint8Array[] | null = null;
  /** The index of `head` in `chunks`. */
  private first = 0;
  /** The pool with the first chunk; null if that was not copied. */
  private holds: CopyPool | null = null;

  /** An empty queue. `giveBack` it once all is sent: idle connections have none. */
  static take(): WriteQueue {
    return spare.pop() ?? new WriteQueue();
  }

  /** Drops the rest. The queue may go to another stream from now on. */
  giveBack(): void {
    this.clear();
    if (spare.length < SPARE_QUEUES) spare.push(this);
  }

  /**
   * Adds chunks without copying them: they must not change until they are sent. The queue owns the
   * list from now on.
   */
  refer(list: Uint8Array[]): void {
    let added = 0;
    let hasEmpty = false;
    for (const { length } of list) {
      added += length;
      hasEmpty ||= length === 0;
    }
    if (added === 0) return;
    const chunks = hasEmpty ? list.filter(({ length }) => length > 0) : list;
    this.lengthBytes += added;
    if (this.head !== null || chunks.length === 1) {
      for (const chunk of chunks) this.append(chunk);
      return;
    }
    this.head = chunks[0] as Uint8Array;
    this.chunks = chunks;
  }

  /** Adds a chunk. A small one is copied. A larger one must not change until it is sent. */
  push(chunk: Uint8Array): void {
    const { length } = chunk;
    if (length === 0) return;
    if (length > COPY_BYTES) this.append(chunk);
    else if (this.head === null) this.begin(chunk);
    else if (!this.extend(chunk)) this.append(Buffer.from(chunk));
    this.lengthBytes += length;
  }

  private begin(chunk: Uint8Array): void {
    if (!pool.fits(chunk.length)) pool = new CopyPool();
    this.holds = pool;
    pool.holders++;
    this.head = pool.bytes;
    this.skip = pool.offset;
    this.end = pool.add(chunk);
  }

  /** Puts a small chunk directly after the first, unless another queue's bytes lie there. */
  private extend(chunk: Uint8Array): boolean {
    const { holds } = this;
    if (this.chunks !== null || holds === null || holds.offset !== this.end) return false;
    if (!holds.fits(chunk.length)) return false;
    this.end = holds.add(chunk);
    return true;
  }

  private append(chunk: Uint8Array): void {
    if (this.head === null) {
      this.head = chunk;
      this.end = chunk.length;
    } else if (this.chunks === null) {
      this.head = this.head.subarray(this.skip, this.end);
      this.skip = 0;
      this.chunks = [this.head, chunk];
    } else this.chunks.push(chunk);
  }

  private clear(): void {
    this.letGo();
    this.head = this.chunks = null;
    this.first = this.skip = this.end = this.lengthBytes = 0;
    this.yields = false;
  }

  private letGo(): void {
    this.holds?.release();
    this.holds = null;
  }

  /** Moves the queued bytes out of the memory that all queues share, as they may stay for long. */
  settle(): void {
    const { head, chunks } = this;
    if (this.holds === null || head === null) return;
    if (this.first === 0) {
      const end = chunks === null ? this.end : head.length;
      this.head = Buffer.from(head.subarray(this.skip, end));
      this.skip = 0;
      this.end = this.head.length;
      if (chunks !== null) chunks[0] = this.head;
    }
    this.letGo();
  }

  /** Takes out the chunks that are not sent. */
  takeAll(): Uint8Array[] {
    this.settle();
    const { head, chunks, first, skip, end } = this;
    const others = chunks === null ? [] : chunks.slice(first + 1);
    this.clear();
    if (head === null) return [];
    return [head.subarray(skip, chunks === null ? end : head.length), ...others];
  }

  /**
   * Makes one system call for as many bytes as it takes. With `finWithLastBytes` the kernel may
   * hold them back for the FIN. Returns the count sent, or -errno: EINVAL if a chunk was detached
   * or shrunk meanwhile.
   */
  send(kernel: Kernel, fd: number, finWithLastBytes: boolean): number {
    const { chunks, skip, lengthBytes } = this;
    let sent: number;
    if (chunks === null || this.first === chunks.length - 1) {
      sent = put(kernel, fd, this.head as Uint8Array, skip, lengthBytes, finWithLastBytes);
    } else if (lengthBytes <= JOIN_BYTES || this.areSmall(kernel, chunks)) {
      const most = Math.min(lengthBytes, JOIN_SMALL_BYTES);
      if (this.copyTogether(chunks, most) !== most) return -errno.EINVAL;
      sent = put(kernel, fd, scratch as Buffer, 0, most, finWithLastBytes && most === lengthBytes);
    } else {
      const next = chunks.slice(this.first, this.first + kernel.constants.CHUNKS_MAX);
      if (!this.areWhole(next)) return -errno.EINVAL;
      sent = kernel.writev(fd, next, next.length, skip);
    }
    if (sent === lengthBytes) this.clear();
    else if (sent > 0) this.advance(sent);
    else if (sent === 0) return -errno.EINVAL;
    return sent;
  }

  /**
   * Whether `next`, the chunks to be sent, still have their lengths. It checks only these;
   * `advance` finds changes of the others.
   */
  private areWhole(next: readonly Uint8Array[]): boolean {
    let left = this.skip + this.lengthBytes;
    for (const { length } of next) left -= length;
    return left === 0 || (left > 0 && this.first + next.length < (this.chunks?.length ?? 0));
  }

  /** Whether one writev(2) would take fewer bytes than a plain write of copies. */
  private areSmall(kernel: Kernel, chunks: readonly Uint8Array[]): boolean {
    const end = this.first + kernel.constants.CHUNKS_MAX;
    if (end > chunks.length) return false;
    let left = JOIN_SMALL_BYTES + this.skip;
    for (let i = this.first; i < end && left > 0; i++) left -= (chunks[i] as Uint8Array).length;
    return left > 0;
  }

  /** Copies `most` bytes to `scratch`. Returns how many there were. */
  private copyTogether(chunks: readonly Uint8Array[], most: number): number {
    scratch ??= Buffer.allocUnsafeSlow(JOIN_SMALL_BYTES);
    let { skip } = this;
    let at = 0;
    for (let i = this.first; at < most && i < chunks.length; i++) {
      const chunk = chunks[i] as Uint8Array;
      // Copying from a detached chunk would throw.
      if (chunk.length <= skip) break;
      const fits = chunk.length - skip <= most - at;
      const part = skip === 0 && fits ? chunk : chunk.subarray(skip, skip + most - at);
      scratch.set(part, at);
      at += part.length;
      skip = 0;
    }
    return at;
  }

  private advance(sent: number): void {
    this.lengthBytes -= sent;
    this.skip += sent;
    const { chunks } = this;
    if (chunks === null) return;
    // If the last chunks were detached, this passes all of them, and the next `send` fails.
    while (this.first < chunks.length) {
      const head = chunks[this.first] as Uint8Array;
      this.head = head;
      if (this.skip < head.length) break;
      this.skip -= head.length;
      chunks[this.first] = NOTHING;
      this.first++;
    }
    // So each chunk is moved at most once on average, however many wait.
    if (this.first < FORGET_CHUNKS || this.first * 2 < chunks.length) return;
    chunks.splice(0, this.first);
    this.first = 0;
  }
}
