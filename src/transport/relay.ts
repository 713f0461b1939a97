/**
 * Moves bytes from one stream's descriptor to another's, while no program observes them: by
 * splice(2) if many come at once, else through one buffer that is used again and again.
 *
 * No byte is left in between. If the other side does not take all, the rest becomes ordinary bytes
 * within the same call. So the kernel's pipe is empty between calls, and one pipe serves all
 * streams of a thread: a thousand relayed connections cost two descriptors and 256 pages.
 */
import { errno } from '../util/system_error.js';
import { FRUGAL_PIPE_BYTES, PIPE_BYTES, REFUSED, type RelayPipe } from './relay_pipe.js';
import type { Stream } from './stream.js';

/** A read that fills this is followed by a splice; the two cost the same here (PERFORMANCE.md). */
const RELAY_COPY_BYTES = 64 * 1024;
/** A splice of less than this is followed by a read. */
const SPLICE_BYTES_MIN = 32 * 1024;

/** This thread's buffer for relayed bytes: each call fills and empties it. */
let scratch: Buffer | null = null;

/** Failures of splice(2) itself, after which copying the bytes still works. */
const NOT_BY_SPLICE = new Set<number>([errno.EINVAL, errno.ENOMEM, ...REFUSED]);

/** What one `move` did. */
class Moved {
  /** How many bytes were read, and sent. */
  readBytes = 0;
  sentBytes = 0;
  /** What was read and the other side did not take. */
  leftover: Buffer | null = null;
  /** What the other side answered: 0 or -errno; -EAGAIN is an error to nobody. */
  status = 0;
}

/** Moves the bytes of one stream. */
export class Relay {
  /** What the last `move` returned: one object for all of them. */
  private readonly moved = new Moved();
  private large = false;
  private usesPipe = false;

  constructor(private readonly pipe: RelayPipe) {}

  /**
   * Moves what one read gives from `from` to `to`. Null where it did nothing, and an ordinary read
   * has to. The end and errors of `from` are reported by `from`. The result is valid until the next
   * call: whoever wants its `leftover` takes it out.
   */
  move(from: Stream, to: Stream): Readonly<Moved> | null {
    const { moved } = this;
    moved.readBytes = moved.sentBytes = moved.status = 0;
    moved.leftover = null;
    const { overReadBudget, kept } = from.host.reactor;
    const mostBytes = overReadBudget ? FRUGAL_PIPE_BYTES : PIPE_BYTES;
    // All of it may be left over, and then stays until the other side has taken it.
    const splices = this.large && kept.hasRoom(mostBytes) && this.openPipe();
    const done = splices ? this.splice(from, to, mostBytes) : this.copy(from, to);
    return done ? moved : null;
  }

  /** Ends this relay's use of the pipe. */
  end(): void {
    this.moved.leftover = null;
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
    scratch ??= Buffer.allocUnsafeSlow(RELAY_COPY_BYTES);
    const count = kernel.read(from.fd, scratch, 0, RELAY_COPY_BYTES);
    if (count <= 0) {
      from.readStopped(count);
      return true;
    }
    this.large = count === RELAY_COPY_BYTES;
    this.noteRead(from, count, count < RELAY_COPY_BYTES);
    const sent = kernel.write(to.fd, scratch, 0, count);
    if (sent < 0) this.moved.status = sent;
    else this.noteSent(to, sent);
    if (sent < count) this.moved.leftover = Buffer.from(scratch.subarray(Math.max(sent, 0), count));
    return true;
  }

  private noteRead(from: Stream, count: number, drained: boolean): void {
    from.noteRead(count, drained);
    this.moved.readBytes += count;
  }

  private noteSent(to: Stream, count: number): void {
    to.bytesWritten += count;
    this.moved.sentBytes += count;
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
    // Not known to be the last: it stops where the pipe has no place for another piece of memory.
    this.noteRead(from, count, false);
    let left = count;
    let sent = 1;
    while (left > 0 && sent > 0) {
      sent = kernel.splice(this.pipe.readEnd, to.fd, left);
      if (sent <= 0) break;
      this.noteSent(to, sent);
      left -= sent;
    }
    if (left === 0) return true;
    this.large = this.large && !NOT_BY_SPLICE.has(-sent);
    // The other side has no part in it where it is the call that does not work.
    if (!NOT_BY_SPLICE.has(-sent)) this.moved.status = sent;
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
    this.moved.leftover = bytes;
  }
}
