/**
 * Counts the bytes that a thread keeps for its connections outside their own streams: pieces of a
 * large read that are not delivered yet, and bytes that a relay read and the other side did not
 * take. A peer can make that last, by not reading. So there is one bound for all connections of a
 * thread.
 */

/** The bound, for the whole thread. */
export const KEPT_BYTES_MAX = 8 * 1024 * 1024;

export class Kept {
  bytes = 0;

  /** Whether `lengthBytes` more may be kept. If not, reads are as small as the built-in's. */
  hasRoom(lengthBytes: number): boolean {
    return this.bytes + lengthBytes <= KEPT_BYTES_MAX;
  }

  add(lengthBytes: number): void {
    this.bytes += lengthBytes;
  }

  remove(lengthBytes: number): void {
    this.bytes -= lengthBytes;
  }
}
