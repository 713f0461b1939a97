/** Memory that small chunks wait in, side by side, until they are sent: mostly for one handler. */
const POOL_BYTES = 64 * 1024;

export class CopyPool {
  readonly bytes: Buffer = Buffer.allocUnsafeSlow(POOL_BYTES);
  /** Where the next chunk goes. */
  offset = 0;
  /** How many queues have chunks here. */
  holders = 0;

  fits(lengthBytes: number): boolean {
    return this.bytes.length - this.offset >= lengthBytes;
  }

  /** Copies `chunk` in, and returns where it ends. */
  add(chunk: Uint8Array): number {
    this.bytes.set(chunk, this.offset);
    this.offset += chunk.length;
    return this.offset;
  }

  /** A queue has no chunks here any more. Behind the last one all is free again. */
  release(): void {
    if (--this.holders === 0) this.offset = 0;
  }
}
