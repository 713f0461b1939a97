/**
 * A peer that sends faster than can be read, without one: the watched kernel fills every read of
 * one descriptor, until all is delivered. What follows is the real kernel's.
 */
import type { Kernel } from '#internal/sys/kernel';
import { watch } from './test.js';

/** The byte at `at` of what a flood brings. */
export function byteAt(at: number): number {
  return (at * 31 + (at >> 8)) & 255;
}

export class Flood {
  /** How much each call brought. */
  readonly reads: number[] = [];
  readonly spreads: number[] = [];
  /** Where it was put; this keeps none of it alive. */
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

  /** Nothing more comes. Returns how much did. */
  stop(): number {
    this.lengthBytes = this.at;
    return this.at;
  }

  /** The kernel is the real one again. */
  end(): void {
    Object.assign(watch.kernel, this.real);
  }
}
