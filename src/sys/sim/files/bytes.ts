/** A queue of bytes inside the simulated kernel. It copies what is put in and what is taken out. */

export class ByteQueue {
  length = 0;
  private parts: Uint8Array[] = [];
  /** How many bytes of the first part were taken out. */
  private skip = 0;

  /** Adds a copy of the first `limit` bytes of `parts`. */
  push(parts: readonly Uint8Array[], limit: number): void {
    let left = limit;
    for (const part of parts) {
      if (left <= 0) return;
      const taken = Math.min(left, part.length);
      // Not slice(): that of a Buffer shares the memory and copies nothing.
      if (taken > 0) this.parts.push(new Uint8Array(part.subarray(0, taken)));
      this.length += taken;
      left -= taken;
    }
  }

  /** Copies out up to `length` bytes and leaves them where they are. */
  peek(into: Uint8Array, offset: number, length: number): number {
    let { skip } = this;
    let done = 0;
    for (const part of this.parts) {
      if (done === length) break;
      const count = Math.min(length - done, part.length - skip);
      into.set(part.subarray(skip, skip + count), offset + done);
      done += count;
      skip = 0;
    }
    return done;
  }

  read(into: Uint8Array, offset: number, length: number): number {
    const count = this.peek(into, offset, length);
    this.drop(count);
    return count;
  }

  /** Takes the first `length` bytes out. */
  take(length: number): Uint8Array {
    const taken = new Uint8Array(Math.min(length, this.length));
    this.read(taken, 0, taken.length);
    return taken;
  }

  clear(): void {
    this.parts = [];
    this.skip = this.length = 0;
  }

  private drop(count: number): void {
    this.length -= count;
    let left = count + this.skip;
    let first = 0;
    for (;;) {
      const part = this.parts[first];
      if (part === undefined || left < part.length) break;
      left -= part.length;
      first++;
    }
    if (first > 0) this.parts.splice(0, first);
    this.skip = left;
  }
}

/** How many bytes `parts` hold together. */
export function lengthOf(parts: readonly Uint8Array[]): number {
  let length = 0;
  for (const part of parts) length += part.length;
  return length;
}
