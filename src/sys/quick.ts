/**
 * `read` and `write` in their cheapest form. Most of a call through Node-API, apart from the
 * system call in it, is the conversion of arguments, above all of the bytes. So memory that is
 * used again and again is pinned, and shared words pass the other arguments.
 */
import { types } from 'node:util';
import type { QuickBinding } from './binding.js';
import type { Kernel } from './kernel.js';

/** The indices of the words, as in the C file. */
const FD = 0;
const OFFSET = 1;
const LENGTH = 2;
const RESULT = 3;
const WORDS = 4;

/** The numbers of the pins, as in the C file. */
const TO_READ = 0;
const TO_WRITE = 1;
const IN_WORDS = 2;

/** A pin keeps its memory alive until other memory is pinned, so large memory is not pinned. */
const PINNED_BYTES_MAX = 256 * 1024;

// The getters of the built-in classes: a user's subclass may replace its own and return anything.
const { isArrayBuffer, isUint8Array } = types;
const views: object = Object.getPrototypeOf(Uint8Array.prototype);
const lengthOf = getter<Uint8Array, number>(views, 'byteLength');
const memoryOf = getter<Uint8Array, ArrayBufferLike>(views, 'buffer');
const sizeOf = getter<ArrayBuffer, number>(ArrayBuffer.prototype, 'byteLength');

/** Makes a getter a function of its object. No program can come between by replacing `call`. */
function getter<Of, Gives>(prototype: object, name: string): (of: Of) => Gives {
  const get = Object.getOwnPropertyDescriptor(prototype, name)?.get;
  return Function.prototype.call.bind(get as () => Gives) as (of: Of) => Gives;
}

/** Whether `bytes` lie in memory of this thread alone, and in little of it. */
function mayBePinned(bytes: Uint8Array): boolean {
  if (!isUint8Array(bytes)) return false;
  const memory = memoryOf(bytes);
  return isArrayBuffer(memory) && sizeOf(memory) <= PINNED_BYTES_MAX;
}

/** Whether a word can hold the value. JavaScript may pass anything. */
function isWord(value: number): boolean {
  return typeof value === 'number' && (value | 0) === value;
}

const NOTHING = new Uint8Array(0);

/** The memory of one kind of call. It is pinned when it is used the second time in a row. */
class Pin {
  bytes: Uint8Array = NOTHING;
  private lengthBytes = 0;
  private last: Uint8Array = NOTHING;

  constructor(
    private readonly quick: QuickBinding,
    private readonly which: number,
  ) {}

  /** Pins `bytes` if the call before used them too. Returns whether it did. */
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
   * Whether the words can hold these arguments, and the memory is unchanged: if it was transferred
   * or resized, its length has changed.
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

/** Quick forms of `calls`, with the same results. */
export function quickCalls(
  quick: QuickBinding,
  calls: Pick<Kernel, 'read' | 'write' | 'writeMore'>,
): Pick<Kernel, 'read' | 'write' | 'writeMore'> {
  const { read, write, writeMore } = calls;
  const { read: quickRead, write: quickWrite, writeMore: quickWriteMore } = quick;
  // Shared memory, since a program can not transfer it.
  const words = new Int32Array(new SharedArrayBuffer(WORDS * Int32Array.BYTES_PER_ELEMENT));
  const toRead = new Pin(quick, TO_READ);
  const toWrite = new Pin(quick, TO_WRITE);
  quick.pin(IN_WORDS, words);
  const put = (fd: number, offset: number, length: number): void => {
    words[FD] = fd;
    words[OFFSET] = offset;
    words[LENGTH] = length;
  };
  // Each is written out, so that V8 knows at compile time which function it calls.
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
