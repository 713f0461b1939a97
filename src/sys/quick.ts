/**
 * `read` and `write` in their cheapest form. Through Node-API most of such a call, but for the
 * system call in it, is the conversion of its arguments: above all of the bytes. Memory that is
 * used again and again is pinned instead, and the rest passes through shared words.
 */
import { types } from 'node:util';
import type { QuickBinding } from './binding.js';
import type { Kernel } from './kernel.js';

/** The words, as in the C file. */
const FD = 0;
const OFFSET = 1;
const LENGTH = 2;
const RESULT = 3;
const WORDS = 4;

/** The pins, as in the C file. */
const TO_READ = 0;
const TO_WRITE = 1;
const IN_WORDS = 2;

/** What is pinned stays alive until something else is: nothing large. */
const PINNED_BYTES_MAX = 256 * 1024;

// The getters themselves, as what a class of a user's has in their place may say anything.
const { isArrayBuffer, isUint8Array } = types;
const views: object = Object.getPrototypeOf(Uint8Array.prototype);
const lengthOf = getter<Uint8Array, number>(views, 'byteLength');
const memoryOf = getter<Uint8Array, ArrayBufferLike>(views, 'buffer');
const sizeOf = getter<ArrayBuffer, number>(ArrayBuffer.prototype, 'byteLength');

/** A getter as a function of its object, which nobody can come between by another `call`. */
function getter<Of, Gives>(prototype: object, name: string): (of: Of) => Gives {
  const get = Object.getOwnPropertyDescriptor(prototype, name)?.get;
  return Function.prototype.call.bind(get as () => Gives) as (of: Of) => Gives;
}

/** Whether it is bytes in memory of this thread's alone, of which there is not much. */
function mayBePinned(bytes: Uint8Array): boolean {
  if (!isUint8Array(bytes)) return false;
  const memory = memoryOf(bytes);
  return isArrayBuffer(memory) && sizeOf(memory) <= PINNED_BYTES_MAX;
}

/** Whether a word holds it. What JavaScript calls with may be anything. */
function isWord(value: number): boolean {
  return typeof value === 'number' && (value | 0) === value;
}

const NOTHING = new Uint8Array(0);

/** The memory that a kind of call uses, which is pinned at its second use in a row. */
class Pin {
  bytes: Uint8Array = NOTHING;
  private lengthBytes = 0;
  private last: Uint8Array = NOTHING;

  constructor(
    private readonly quick: QuickBinding,
    private readonly which: number,
  ) {}

  /** Whether `bytes`, which are not pinned, are from now on. */
  takes(bytes: Uint8Array): boolean {
    if (bytes !== this.last || bytes === NOTHING) {
      this.last = mayBePinned(bytes) ? bytes : NOTHING;
      return false;
    }
    if (this.quick.pin(this.which, bytes) < 0) return false;
    this.bytes = bytes;
    this.lengthBytes = lengthOf(bytes);
    this.last = NOTHING;
    return true;
  }

  /**
   * Whether the words can hold these arguments, and the memory is what it was. Where it was
   * transferred or resized since, its length is another.
   */
  fits(fd: number, offset: number, length: number): boolean {
    return (
      isWord(fd) &&
      isWord(offset) &&
      isWord(length) &&
      offset >= 0 &&
      length >= 0 &&
      offset + length <= this.lengthBytes &&
      lengthOf(this.bytes) === this.lengthBytes
    );
  }
}

/** The quick ones of `calls`, which do as those do. */
export function quickCalls(
  quick: QuickBinding,
  calls: Pick<Kernel, 'read' | 'write' | 'writeMore'>,
): Pick<Kernel, 'read' | 'write' | 'writeMore'> {
  const { read, write, writeMore } = calls;
  const { read: quickRead, write: quickWrite, writeMore: quickWriteMore } = quick;
  // Shared memory, as no program can take that away from where it lies.
  const words = new Int32Array(new SharedArrayBuffer(WORDS * Int32Array.BYTES_PER_ELEMENT));
  const toRead = new Pin(quick, TO_READ);
  const toWrite = new Pin(quick, TO_WRITE);
  quick.pin(IN_WORDS, words);
  const put = (fd: number, offset: number, length: number): void => {
    words[FD] = fd;
    words[OFFSET] = offset;
    words[LENGTH] = length;
  };
  // Each written out: what they call is then known where they are compiled.
  return {
    read(fd, bytes, offset, length) {
      const pinned = bytes === toRead.bytes || toRead.takes(bytes);
      if (!pinned || !toRead.fits(fd, offset, length)) return read(fd, bytes, offset, length);
      put(fd, offset, length);
      quickRead();
      return words[RESULT] as number;
    },
    write(fd, bytes, offset, length) {
      const pinned = bytes === toWrite.bytes || toWrite.takes(bytes);
      if (!pinned || !toWrite.fits(fd, offset, length)) return write(fd, bytes, offset, length);
      put(fd, offset, length);
      quickWrite();
      return words[RESULT] as number;
    },
    writeMore(fd, bytes, offset, length) {
      const pinned = bytes === toWrite.bytes || toWrite.takes(bytes);
      if (!pinned || !toWrite.fits(fd, offset, length)) return writeMore(fd, bytes, offset, length);
      put(fd, offset, length);
      quickWriteMore();
      return words[RESULT] as number;
    },
  };
}
