/**
 * Streams of bytes that can be checked. Four bytes name the sender; the rest is a stretch of one
 * long table, so that a byte that is lost, doubled or moved does not match.
 */
import { Prng } from '#internal/sys/sim/chance/prng';

/** A prime, so that no usual size of a buffer is a multiple. */
const PERIOD = 65_521;
/** The most that one write takes. */
export const WRITE_BYTES_MAX = 400_000;
export const HEADER_BYTES = 4;

function makeTable(): Buffer {
  const random = new Prng('pattern');
  const table = Buffer.alloc(PERIOD + WRITE_BYTES_MAX + HEADER_BYTES);
  for (let i = 0; i < PERIOD; i++) table[i] = random.next() & 255;
  for (let i = PERIOD; i < table.length; i++) table[i] = table[i - PERIOD] ?? 0;
  return table;
}

const table = makeTable();

/** `length` bytes of the stream `key` from `position`, which counts from behind the header. */
function stretch(key: number, position: number, length: number): Buffer {
  const at = (key * 7919 + position) % PERIOD;
  return table.subarray(at, at + length);
}

/** Makes the bytes of one stream, in order. */
export class PatternSource {
  sentBytes = 0;

  constructor(readonly key: number) {}

  /** The next bytes; at least the header at the beginning. */
  next(length: number): Buffer {
    if (this.sentBytes > 0) {
      const chunk = stretch(this.key, this.sentBytes - HEADER_BYTES, length);
      this.sentBytes += chunk.length;
      return chunk;
    }
    const chunk = Buffer.alloc(HEADER_BYTES + length);
    chunk.writeUInt32BE(this.key, 0);
    stretch(this.key, 0, length).copy(chunk, HEADER_BYTES);
    this.sentBytes = chunk.length;
    return chunk;
  }
}

/** Checks the bytes of one stream as they come in. */
export class PatternCheck {
  receivedBytes = 0;
  /** Who sent the stream; known once the header is there. */
  key = -1;
  private readonly header = Buffer.alloc(HEADER_BYTES);

  /** Returns what is wrong with `chunk`, or null. */
  take(chunk: Uint8Array): string | null {
    let at = 0;
    while (this.receivedBytes < HEADER_BYTES && at < chunk.length) {
      this.header[this.receivedBytes++] = chunk[at++] ?? 0;
    }
    if (this.receivedBytes < HEADER_BYTES) return null;
    if (this.key < 0) this.key = this.header.readUInt32BE(0);
    const rest = chunk.subarray(at);
    const position = this.receivedBytes - HEADER_BYTES;
    this.receivedBytes += rest.length;
    for (let done = 0; done < rest.length; done += WRITE_BYTES_MAX) {
      const part = rest.subarray(done, done + WRITE_BYTES_MAX);
      if (Buffer.compare(stretch(this.key, position + done, part.length), part) !== 0) {
        return `bytes ${position + done}… of stream ${this.key} are not what was sent`;
      }
    }
    return null;
  }
}
