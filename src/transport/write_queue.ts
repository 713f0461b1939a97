/**
 * Chunks on their way to the kernel. Several small ones are copied together and go in one plain
 * write, which costs less than describing each to writev(2); larger ones go by writev uncopied.
 */
import type { Kernel } from '../sys/kernel.js';

/** Up to this many bytes are gathered by copying. */
const COPY_BYTES = 16 * 1024;

/** One for all queues of the thread: it is filled and sent within one call. */
let scratch: Buffer | null = null;

function put(
  kernel: Kernel,
  fd: number,
  bytes: Uint8Array,
  offset: number,
  length: number,
  finFollows: boolean,
): number {
  if (finFollows) return kernel.writeMore(fd, bytes, offset, length);
  return kernel.write(fd, bytes, offset, length);
}

export class WriteQueue {
  lengthBytes = 0;
  /** The first chunk. Most queues never hold another. */
  private head: Uint8Array | null = null;
  /** All chunks, where there have been several since the queue was empty. */
  private chunks: Uint8Array[] | null = null;
  /** Where `head` is in `chunks`. */
  private first = 0;
  /** How much of the first chunk is sent. */
  private skip = 0;

  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.lengthBytes += chunk.length;
    if (this.head === null) this.head = chunk;
    else if (this.chunks === null) this.chunks = [this.head, chunk];
    else this.chunks.push(chunk);
  }

  clear(): void {
    this.head = this.chunks = null;
    this.first = this.skip = this.lengthBytes = 0;
  }

  /** Takes out what is not sent. */
  take(): Uint8Array[] {
    const { head, chunks, first, skip } = this;
    const others = chunks === null ? [] : chunks.slice(first + 1);
    this.clear();
    return head === null ? [] : [head.subarray(skip), ...others];
  }

  /**
   * One system call for as much as it takes; where `finFollows` the kernel may keep it for the FIN.
   * Returns the count sent, or -errno.
   */
  send(kernel: Kernel, fd: number, finFollows: boolean): number {
    const { chunks, skip } = this;
    const head = this.head as Uint8Array;
    let sent: number;
    if (chunks === null || this.first === chunks.length - 1) {
      sent = put(kernel, fd, head, skip, head.length - skip, finFollows);
    } else if (this.lengthBytes <= COPY_BYTES) {
      const length = this.copyTogether(chunks);
      sent = put(kernel, fd, scratch as Buffer, 0, length, finFollows);
    } else {
      if (this.first > 0) this.dropSent(chunks);
      sent = kernel.writev(fd, chunks, chunks.length, skip);
    }
    if (sent === this.lengthBytes) this.clear();
    else if (sent > 0) this.advance(sent);
    return sent;
  }

  private copyTogether(chunks: readonly Uint8Array[]): number {
    scratch ??= Buffer.allocUnsafeSlow(COPY_BYTES);
    const head = chunks[this.first] as Uint8Array;
    scratch.set(this.skip > 0 ? head.subarray(this.skip) : head, 0);
    let at = head.length - this.skip;
    for (let i = this.first + 1; i < chunks.length; i++) {
      const chunk = chunks[i] as Uint8Array;
      scratch.set(chunk, at);
      at += chunk.length;
    }
    return at;
  }

  private dropSent(chunks: Uint8Array[]): void {
    chunks.splice(0, this.first);
    this.first = 0;
  }

  private advance(sent: number): void {
    this.lengthBytes -= sent;
    this.skip += sent;
    const { chunks } = this;
    if (chunks === null) return;
    for (;;) {
      const head = chunks[this.first] as Uint8Array;
      this.head = head;
      if (this.skip < head.length) return;
      this.skip -= head.length;
      this.first++;
    }
  }
}
