/**
 * The memory that reads land in. Small reads are copied out, since a small view would keep the
 * whole slab alive; large ones are handed out as they lie, and the next read lands behind them.
 */

const SLAB_BYTES = 512 * 1024;

/** The most that one read asks for. */
export const READ_BYTES = 64 * 1024;

/** From here on a copy costs more than the slab it would free. */
const HAND_OUT_BYTES = 8 * 1024;

/** Handed-out views begin on a cache line. */
const ALIGN_BYTES = 64;

export class Slab {
  /** The present slab. */
  bytes: Buffer = Buffer.alloc(0);
  /** Where the next read lands; READ_BYTES are free from here. */
  offset = 0;

  /** Makes room for one read. */
  reserve(): void {
    if (this.bytes.length - this.offset < READ_BYTES) {
      this.bytes = Buffer.allocUnsafeSlow(SLAB_BYTES);
      this.offset = 0;
    }
  }

  /** The `count` bytes that a read just put at `offset`, for somebody to keep. */
  take(count: number): Buffer {
    const { bytes, offset } = this;
    if (count < HAND_OUT_BYTES) {
      const copy = Buffer.allocUnsafe(count);
      bytes.copy(copy, 0, offset, offset + count);
      return copy;
    }
    this.offset = offset + ((count + ALIGN_BYTES - 1) & -ALIGN_BYTES);
    return bytes.subarray(offset, offset + count);
  }
}
