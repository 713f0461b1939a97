/** The kernel pipe that the relays of a host share. */
import type { Kernel } from '../sys/kernel.js';
import { errno } from '../util/system_error.js';

/**
 * The size asked for: the most that Linux gives an unprivileged user by default. Each step wakes
 * the far end up, so few large steps cost half of what many small ones do.
 */
export const PIPE_BYTES = 1024 * 1024;
/** The most that one step moves where many want to. */
export const FRUGAL_PIPE_BYTES = 256 * 1024;

/** Errors by which a sandbox refuses the call: it will refuse it later too. */
export const REFUSED = new Set<number>([errno.EPERM, errno.ENOSYS, errno.EACCES]);

/** The kernel pipe of a host. It is open while any relay uses it. */
export class RelayPipe {
  readEnd = -1;
  writeEnd = -1;
  private users = 0;
  private refused = false;

  constructor(private readonly kernel: Kernel) {}

  /**
   * Opens the pipe if it is closed. Returns false if no descriptor is left, or the pipe is of no
   * use.
   */
  open(): boolean {
    if (this.refused) return false;
    if (this.readEnd >= 0) return true;
    const ends: number[] = [];
    if (this.kernel.pipe(ends) < 0) return false;
    const [readEnd = -1, writeEnd = -1] = ends;
    this.readEnd = readEnd;
    this.writeEnd = writeEnd;
    // The kernel refuses this if the user's pipes hold too many pages; then a step moves less.
    if (this.kernel.pipeSize(writeEnd, PIPE_BYTES) < 0) {
      this.kernel.pipeSize(writeEnd, FRUGAL_PIPE_BYTES);
    }
    return true;
  }

  /** Notes that splice(2) failed. If a sandbox refuses it, the pipe is not needed any more. */
  noteFailure(status: number): void {
    if (!REFUSED.has(-status)) return;
    this.refused = true;
    this.close();
  }

  retain(): void {
    this.users++;
  }

  release(): void {
    if (--this.users === 0) this.close();
  }

  /** Closes the pipe, with any bytes in it. The next relay that needs a pipe opens another. */
  close(): void {
    const { readEnd, writeEnd } = this;
    if (readEnd < 0) return;
    this.readEnd = this.writeEnd = -1;
    this.kernel.close(readEnd, -1);
    this.kernel.close(writeEnd, -1);
  }
}
