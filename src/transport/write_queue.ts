/**
 * Chunks on their way to the kernel. Several small ones are copied together and go in one plain
 * write, which costs less than describing each to writev(2); larger ones go by writev uncopied.
 */
import type { Kernel } from '../sys/kernel.js';

/** Up to this many bytes are gathered by copying. */
const COPY_BYTES = 16 * 1024;

/** One for all queues of the thread: it is filled and sent within one call. */
let scratch: Buffer | null = null;

export class WriteQueue {
  lengthBytes = 0;
  private chunks: Uint8Array[] = [];
  private first = 0;
  /** How much of the first chunk is sent. */
  private skip = 0;

  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.chunks.push(chunk);
    this.lengthBytes += chunk.length;
  }

  clear(): void {
    this.chunks = [];
    this.first = this.skip = this.lengthBytes = 0;
  }

  /** Takes out what is not sent. */
  take(): Uint8Array[] {
    const [head, ...others] = this.chunks.slice(this.first);
    const left = head === undefined ? [] : [head.subarray(this.skip), ...others];
    this.clear();
    return left;
  }

  /** One system call for as much as it takes. Returns the count sent, or -errno. */
  send(kernel: Kernel, fd: number): number {
    const { chunks, first, skip } = this;
    const count = chunks.length - first;
    const head = chunks[first] as Uint8Array;
    let sent: number;
    if (count === 1) {
      sent = kernel.write(fd, head, skip, head.length - skip);
    } else if (this.lengthBytes <= COPY_BYTES) {
      const length = this.copyTogether();
      sent = kernel.write(fd, scratch as Buffer, 0, length);
    } else {
      if (first > 0) this.dropSent();
      sent = kernel.writev(fd, chunks, chunks.length, skip);
    }
    if (sent > 0) this.advance(sent);
    return sent;
  }

  private copyTogether(): number {
    scratch ??= Buffer.allocUnsafeSlow(COPY_BYTES);
    const head = this.chunks[this.first] as Uint8Array;
    scratch.set(this.skip > 0 ? head.subarray(this.skip) : head, 0);
    let at = head.length - this.skip;
    for (let i = this.first + 1; i < this.chunks.length; i++) {
      const chunk = this.chunks[i] as Uint8Array;
      scratch.set(chunk, at);
      at += chunk.length;
    }
    return at;
  }

  private dropSent(): void {
    this.chunks.splice(0, this.first);
    this.first = 0;
  }

  private advance(sent: number): void {
    this.lengthBytes -= sent;
    if (this.lengthBytes === 0) {
      this.chunks.length = 0;
      this.first = this.skip = 0;
      return;
    }
    let left = sent + this.skip;
    for (;;) {
      const { length } = this.chunks[this.first] as Uint8Array;
      if (left < length) break;
      left -= length;
      this.first++;
    }
    this.skip = left;
  }
}
