/** Pipes: one buffer with two ends. */
import { errno } from '../../../util/system_error.js';
import { constants } from '../constants.js';
import { ByteQueue, lengthOf } from './bytes.js';
import { SimFile } from './file.js';

const PIPE_BYTES = 65_536;
const PAGE_BYTES = 4_096;
/** The default of Linux's /proc/sys/fs/pipe-max-size. */
const PIPE_BYTES_MAX = 1_048_576;

class Buffered {
  readonly bytes = new ByteQueue();
  size = PIPE_BYTES;
  reader: PipeEnd | null = null;
  writer: PipeEnd | null = null;
}

export class PipeEnd extends SimFile {
  override readonly kind = constants.S_IFIFO;

  private constructor(
    private readonly buffered: Buffered,
    private readonly reads: boolean,
  ) {
    super();
  }

  /** The read end and the write end. */
  static pair(): [PipeEnd, PipeEnd] {
    const buffered = new Buffered();
    buffered.reader = new PipeEnd(buffered, true);
    buffered.writer = new PipeEnd(buffered, false);
    return [buffered.reader, buffered.writer];
  }

  private get room(): number {
    return this.buffered.size - this.buffered.bytes.length;
  }

  /** F_SETPIPE_SZ: rounds up to a power of two of pages. Returns the size, or -errno. */
  resize(bytes: number): number {
    if (bytes < 0 || bytes > 2 ** 31 - 1) return -errno.EINVAL;
    let size = PAGE_BYTES;
    while (size < bytes) size *= 2;
    if (size > this.buffered.size && size > PIPE_BYTES_MAX) return -errno.EPERM;
    if (size < this.buffered.bytes.length) return -errno.EBUSY;
    this.buffered.size = size;
    return size;
  }

  override poll(): number {
    const { bytes, reader, writer } = this.buffered;
    if (this.reads) {
      return (bytes.length > 0 ? constants.EPOLLIN : 0) | (writer ? 0 : constants.EPOLLHUP);
    }
    const room = this.room >= PAGE_BYTES ? constants.EPOLLOUT : 0;
    return room | (reader ? 0 : constants.EPOLLERR);
  }

  override read(into: Uint8Array, offset: number, length: number, peek: boolean): number {
    if (!this.reads) return -errno.EBADF;
    if (peek) return -errno.ENOTSOCK;
    const { bytes, writer } = this.buffered;
    if (bytes.length === 0) return writer === null ? 0 : -errno.EAGAIN;
    const count = bytes.read(into, offset, length);
    writer?.wakeWriters();
    return count;
  }

  /** Copies bytes out of the pipe without taking them out. */
  copy(into: Uint8Array): number {
    return this.buffered.bytes.peek(into, 0, into.length);
  }

  override write(parts: readonly Uint8Array[]): number {
    if (this.reads) return -errno.EBADF;
    const { bytes, reader } = this.buffered;
    if (reader === null) return -errno.EPIPE;
    const wanted = lengthOf(parts);
    const { room } = this;
    // A write of up to a page goes in whole or not at all.
    if (room === 0 || (wanted <= PAGE_BYTES && wanted > room)) return -errno.EAGAIN;
    const taken = Math.min(room, wanted);
    bytes.push(parts, taken);
    reader.wakeReaders();
    return taken;
  }

  override pending(request: number): number {
    return request === constants.FIONREAD ? this.buffered.bytes.length : -errno.ENOTTY;
  }

  protected override end(): void {
    const { buffered } = this;
    if (this.reads) buffered.reader = null;
    else buffered.writer = null;
    (buffered.reader ?? buffered.writer)?.wake(0);
  }
}
