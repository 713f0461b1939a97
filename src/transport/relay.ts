/**
 * Moves bytes from one stream's descriptor to another's, while no program observes them: by
 * splice(2) if many come at once, else through one buffer that is used again and again.
 *
 * No byte is left in between. If the other side does not take all, the rest becomes ordinary bytes
 * within the same call. So the kernel's pipe is empty between calls, and one pipe serves all
 * streams of a thread: a thousand relayed connections cost two descriptors and 256 pages.
 */
import { errno } from '../util/system_error.js';
import { CROWDED_BYTES, PIPE_BYTES, REFUSED, type RelayPipe } from './relay_pipe.js';
import type { Stream } from './stream.js';

/**
 * After a read that fills this, the relay tries splice; both cost the same here (PERFORMANCE.md).
 */
const COPY_BYTES = 64 * 1024;
/** After a splice of less than this, the relay reads again. */
const SPLICE_BYTES_MIN = 32 * 1024;

/** This thread's buffer for relayed bytes: each call fills and empties it. */
let scratch: Buffer | null = null;

/** Failures of splice(2) itself, after which copying the bytes still works. */
const NOT_BY_SPLICE = new Set<number>([errno.EINVAL, errno.ENOMEM, ...REFUSED]);

/** Relays the bytes of one stream. */
export class Relay {
  /** The bytes that the last `move` read and the other side did not take. */
  leftover: Buffer | null = null;
  /** The result of writing to the other side: 0 or -errno; -EAGAIN is not an error. */
  writeStatus = 0;

  private large = false;
  private usesPipe = false;

  constructor(private readonly pipe: RelayPipe) {}

  /**
   * Moves the bytes of one read from `from` to `to`. Returns false if it did nothing, and an
   * ordinary read has to. `from` reports its own end and errors.
   */
  move(from: Stream, to: Stream): boolean {
    this.leftover = null;
    this.writeStatus = 0;
    const { overReadBudget, kept } = from.host.reactor;
    const mostBytes = overReadBudget ? CROWDED_BYTES : PIPE_BYTES;
    // All of the bytes may be left over, and are then kept until the other side has taken them.
    const splices = this.large && kept.hasRoom(mostBytes) && this.openPipe();
    return splices ? this.splice(from, to, mostBytes) : this.copy(from, to);
  }

  /** Ends this relay's use of the pipe. */
  end(): void {
    this.leftover = null;
    if (this.usesPipe) this.pipe.release();
    this.usesPipe = false;
  }

  private openPipe(): boolean {
    if (!this.pipe.open()) return false;
    if (!this.usesPipe) this.pipe.retain();
    this.usesPipe = true;
    return true;
  }

  private copy(from: Stream, to: Stream): boolean {
    const { kernel } = from.host;
    scratch ??= Buffer.allocUnsafeSlow(COPY_BYTES);
    const count = kernel.read(from.fd, scratch, 0, COPY_BYTES);
    if (count <= 0) {
      from.readStopped(count);
      return true;
    }
    this.large = count === COPY_BYTES;
    from.noteRead(count, count < COPY_BYTES);
    const sent = kernel.write(to.fd, scratch, 0, count);
    if (sent < 0) this.writeStatus = sent;
    else to.bytesWritten += sent;
    if (sent < count) this.leftover = Buffer.from(scratch.subarray(Math.max(sent, 0), count));
    return true;
  }

  private splice(from: Stream, to: Stream, mostBytes: number): boolean {
    const { kernel } = from.host;
    const count = kernel.splice(from.fd, this.pipe.writeEnd, mostBytes);
    if (count <= 0) {
      // splice(2) stops for good at urgent data, which a read passes over. It then reports that
      // there is nothing, or even the end if the peer's FIN follows the urgent data.
      const unsure = count === 0 || (count === -errno.EAGAIN && from.shortReadMayGoOn);
      this.large = !unsure && !NOT_BY_SPLICE.has(-count);
      this.pipe.noteFailure(count);
      if (this.large) from.readStopped(count);
      return this.large;
    }
    this.large = count >= SPLICE_BYTES_MIN;
    // Not known to be the last bytes: splice(2) also stops when the pipe has no place left.
    from.noteRead(count, false);
    let left = count;
    let sent = 1;
    while (left > 0 && sent > 0) {
      sent = kernel.splice(this.pipe.readEnd, to.fd, left);
      if (sent <= 0) break;
      to.bytesWritten += sent;
      left -= sent;
    }
    if (left === 0) return true;
    this.large = this.large && !NOT_BY_SPLICE.has(-sent);
    // If splice(2) itself does not work, the other side has not failed.
    if (!NOT_BY_SPLICE.has(-sent)) this.writeStatus = sent;
    this.takeBack(from, left);
    this.pipe.noteFailure(sent);
    return true;
  }

  /** Empties the pipe into `leftover`. */
  private takeBack(from: Stream, length: number): void {
    const { kernel } = from.host;
    const bytes = Buffer.allocUnsafeSlow(length);
    let done = 0;
    while (done < length) {
      const count = kernel.read(this.pipe.readEnd, bytes, done, length - done);
      if (count <= 0) {
        // The bytes are lost, as with a read that fails. They must not reach another stream.
        this.pipe.close();
        from.readStopped(count < 0 && count !== -errno.EAGAIN ? count : -errno.EIO);
        return;
      }
      done += count;
    }
    this.leftover = bytes;
  }
}
