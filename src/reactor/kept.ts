/**
 * What a thread keeps of its connections' bytes beyond what each one's own stream has: pieces of a
 * large read whose turn has not come, and what a relay took from one side and the other did not
 * take. A peer decides how long that lasts, since a reader that pauses for it does, so there is a
 * bound for all of them together.
 */

/** How much that may be, for the whole thread. */
export const KEPT_BYTES_MAX = 8 * 1024 * 1024;

export class Kept {
  bytes = 0;

  /** Whether so much more may be kept. Where not, reads are as small as the built-in's. */
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
