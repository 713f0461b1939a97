import { isTypedArray, isUint8Array } from 'node:util/types';

/** A copy of `view`, with memory of its own, that Writable takes or refuses as it would `view`. */
export function copyOfView(view: ArrayBufferView): ArrayBufferView {
  if (isUint8Array(view)) return Buffer.from(view);
  if (isTypedArray(view)) return view.slice();
  const { buffer, byteOffset, byteLength } = view;
  return new DataView(buffer.slice(byteOffset, byteOffset + byteLength));
}
