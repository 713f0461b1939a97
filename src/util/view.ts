/** Views of memory, and copies of them. */
import { isTypedArray, isUint8Array } from 'node:util/types';

type BufferClass = new (memory: ArrayBufferLike, offset: number, lengthBytes: number) => Buffer;

/** The class behind `Buffer`: the one that Buffer's own methods make chunks of. */
const found: unknown = (Buffer as { [Symbol.species]?: unknown })[Symbol.species];

function isBufferClass(value: unknown): value is BufferClass {
  return typeof value === 'function' && value.prototype === Buffer.prototype;
}

const Class = isBufferClass(found) ? found : null;

/** `Buffer.from(memory, offset, lengthBytes)`, without the checks of that and of `subarray`. */
export function bufferOver(memory: ArrayBufferLike, offset: number, lengthBytes: number): Buffer {
  if (Class === null) return Buffer.from(memory, offset, lengthBytes);
  return new Class(memory, offset, lengthBytes);
}

/** A copy of `bytes` in memory of its own, outside the pool that Buffer's small copies share. */
export function ownCopy(bytes: Uint8Array): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  copy.set(bytes);
  return copy;
}

/** A copy of `view`, with memory of its own, that Writable takes or refuses as it would `view`. */
export function copyOfView(view: ArrayBufferView): ArrayBufferView {
  if (isUint8Array(view)) return Buffer.from(view);
  if (isTypedArray(view)) return view.slice();
  const { buffer, byteOffset, byteLength } = view;
  return new DataView(buffer.slice(byteOffset, byteOffset + byteLength));
}
