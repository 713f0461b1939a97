/**
 * Memory for small chunks, side by side, until they are sent: mostly for the time of one handler.
 */
const POOL_BYTES = 64 * 1024;

export class CopyPool {
  readonly bytes: Buffer = Buffer.allocUnsafeSlow(POOL_BYTES);
  /** The offset of the next chunk. */
  offset = 0;
  /** The number of queues with chunks here. */
  holders = 0;

  fits(lengthBytes: number): boolean {
    return this.bytes.length - this.offset >= lengthBytes;
  }

  /** Copies `chunk` in, and returns the offset of its end. */
  add(chunk: Uint8Array): number {
    this.bytes.set(chunk, this.offset);
    this.offset += chunk.length;
    return this.offset;
  }

  /** A queue has no chunks here any more. After the last queue, all memory is free again. */
  release(): void {
    if (--this.holders === 0) this.offset = 0;
  }
}
