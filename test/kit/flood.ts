/**
 * Floods one descriptor without a peer: the watched kernel fills every read of it until so many
 * bytes are delivered. Later reads go to the real kernel.
 */
import type { Kernel } from '#internal/sys/kernel';
import { watch } from './test.js';

/** The byte number `at` of a flood. */
export function byteAt(at: number): number {
  return (at * 31 + (at >> 8)) & 255;
}

export class Flood {
  /** How many bytes each call of read(2) gave, and each of readv(2). */
  readonly reads: number[] = [];
  readonly spreads: number[] = [];
  /** The memory that bytes were read into. Being weak, it keeps none alive. */
  readonly memory = new WeakSet<ArrayBufferLike>();
  private at = 0;
  private readonly real: Pick<Kernel, 'read' | 'readv' | 'pending'>;

  constructor(
    fd: number,
    private lengthBytes: number,
  ) {
    const { read, readv, pending } = watch.kernel;
    this.real = { read, readv, pending };
    Object.assign(watch.kernel, {
      read: (on: number, bytes: Uint8Array, offset: number, length: number) => {
        if (on !== fd || this.at === this.lengthBytes) return read(on, bytes, offset, length);
        const count = this.fill(bytes.subarray(offset, offset + length));
        this.reads.push(count);
        return count;
      },
      pending: (on: number, what: number) =>
        on === fd && this.at < this.lengthBytes ? this.lengthBytes - this.at : pending(on, what),
      readv: (on: number, chunks: readonly Uint8Array[], most: number) => {
        if (on !== fd || this.at === this.lengthBytes) return readv(on, chunks, most);
        const count = chunks.slice(0, most).reduce((sum, chunk) => sum + this.fill(chunk), 0);
        this.spreads.push(count);
        return count;
      },
    });
  }

  private fill(into: Uint8Array): number {
    const count = Math.min(into.length, this.lengthBytes - this.at);
    this.memory.add(into.buffer);
    for (let i = 0; i < count; i++) into[i] = byteAt(this.at + i);
    this.at += count;
    return count;
  }

  /** Ends the flood. Returns how many bytes it has given. */
  stop(): number {
    this.lengthBytes = this.at;
    return this.at;
  }

  /** Puts the real kernel's functions back. */
  end(): void {
    Object.assign(watch.kernel, this.real);
  }
}
