import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bufferOver } from '#internal/util/view';

test('bufferOver makes what Buffer.from makes', () => {
  const memory = new ArrayBuffer(64);
  const made = bufferOver(memory, 8, 16);
  assert.deepEqual(made, Buffer.from(memory, 8, 16));
  assert.equal(Object.getPrototypeOf(made), Buffer.prototype);
  assert.equal(made.buffer, memory);
  assert.equal(made.byteOffset, 8);
  assert.equal(made.length, 16);
  assert.throws(() => bufferOver(memory, 60, 16), RangeError);
});
