/** The kernel pipe that the relays of a host share. */
import type { Kernel } from '../sys/kernel.js';
import { errno } from '../util/system_error.js';

/**
 * What the pipe is asked to hold: the most that Linux gives an unprivileged user as it comes. Each
 * step wakes the far end up, so few large ones cost half of what many small ones do.
 */
export const PIPE_BYTES = 1024 * 1024;
/** The most that one step moves where many want to. */
export const FRUGAL_PIPE_BYTES = 256 * 1024;

/** A sandbox does not let the call through: it will not do so later either. */
export const REFUSED = new Set<number>([errno.EPERM, errno.ENOSYS, errno.EACCES]);

/** The kernel pipe of a host. It is open while any relay uses it. */
export class RelayPipe {
  readEnd = -1;
  writeEnd = -1;
  private users = 0;
  private refused = false;

  constructor(private readonly kernel: Kernel) {}

  /** Opens it where it is not. False where there is no descriptor for it, or no use. */
  open(): boolean {
    if (this.refused) return false;
    if (this.readEnd >= 0) return true;
    const ends: number[] = [];
    if (this.kernel.pipe(ends) < 0) return false;
    const [readEnd = -1, writeEnd = -1] = ends;
    this.readEnd = readEnd;
    this.writeEnd = writeEnd;
    // Refused where the user's pipes hold too many pages already: then it moves less at once.
    if (this.kernel.pipeSize(writeEnd, PIPE_BYTES) < 0) {
      this.kernel.pipeSize(writeEnd, FRUGAL_PIPE_BYTES);
    }
    return true;
  }

  /** splice(2) failed. Where it is refused nobody needs the pipe any more. */
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

  /** Closes it, with what may be in it. The next one to need it opens another. */
  close(): void {
    const { readEnd, writeEnd } = this;
    if (readEnd < 0) return;
    this.readEnd = this.writeEnd = -1;
    this.kernel.close(readEnd, -1);
    this.kernel.close(writeEnd, -1);
  }
}
