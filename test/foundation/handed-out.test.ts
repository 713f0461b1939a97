/**
 * The memory that `'data'` hands out: it is for keeping, nobody writes into it again, and a small
 * piece of it does not keep much more alive.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket as PlainSocket } from 'node:net';
import type { Socket } from 'barewire';
import { makePair } from '../support/pairs.js';
import { test } from '../support/test.js';

/** What one piece of up to 4 KiB may keep alive. */
const KEPT_BYTES = 16 * 1024;
const MESSAGES = 40;

/** Sends messages one by one, so that each comes as one chunk; returns the chunks as they came. */
async function exchange(ours: Socket, peer: PlainSocket, sizes: number[]): Promise<Buffer[]> {
  const chunks: Buffer[] = [];
  for (const [index, size] of sizes.entries()) {
    let left = size;
    peer.write(Buffer.alloc(size, index));
    while (left > 0) {
      const [chunk]: Buffer[] = await once(ours, 'data');
      assert.ok(chunk);
      chunks.push(chunk);
      left -= chunk.length;
    }
  }
  return chunks;
}

for (const size of [1, 64, 1000, 1024, 1500, 3000, 4095]) {
  test(`chunks of ${size} bytes keep little alive, and stay as they came`, async (scope) => {
    const { ours, peer } = await makePair(scope);
    const chunks = await exchange(ours, peer, new Array<number>(MESSAGES).fill(size));
    // Where they have not been of one size for long, there may be another way.
    for (const chunk of chunks.slice(2)) {
      assert.equal(chunk.length, size);
      assert.ok(chunk.buffer.byteLength <= KEPT_BYTES, `keeps ${chunk.buffer.byteLength} bytes`);
    }
    const expected = Array.from({ length: MESSAGES }, (_, index) => Buffer.alloc(size, index));
    assert.deepEqual(Buffer.concat(chunks), Buffer.concat(expected));
  });
}

test('sizes that change all the time: each byte arrives, and stays', async (scope) => {
  const { ours, peer } = await makePair(scope);
  const sizes = [1, 5000, 1024, 70_000, 64, 2000, 300_000, 1500, 1, 4096, 8192, 9000, 1023, 100];
  const mixed = [...sizes, ...sizes.toReversed(), ...sizes];
  const chunks = await exchange(ours, peer, mixed);
  const expected = mixed.map((size, index) => Buffer.alloc(size, index));
  assert.deepEqual(Buffer.concat(chunks), Buffer.concat(expected));
});
