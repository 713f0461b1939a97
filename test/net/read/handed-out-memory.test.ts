/**
 * The memory that `'data'` hands out belongs to the program: nobody writes into it again, and a
 * small piece of it does not keep much more alive.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket as PlainSocket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import type { Socket } from 'barewire';
import { makePair, makePairs } from '../../kit/pairs.js';
import { test } from '../../kit/test.js';

/** What one piece of up to 4 KiB may keep alive. */
const KEPT_BYTES = 16 * 1024;
const MESSAGES = 40;
const [NODE_MAJOR = 0] = process.versions.node.split('.').map(Number);

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

for (const size of [1, 64, 1000, 1024, 1500, 3000, 4095, 4096]) {
  test(`chunks of ${size} bytes keep little alive, and stay as they came`, async (scope) => {
    const { ours, peer } = await makePair(scope);
    const chunks = await exchange(ours, peer, new Array<number>(MESSAGES).fill(size));
    const memory = new Set(chunks.map((chunk) => chunk.buffer));
    for (const { byteLength } of memory) assert.ok(byteLength <= KEPT_BYTES, `${byteLength}`);
    // Handed out as they lie: several in one piece of memory, and no copy of each.
    assert.ok(memory.size <= MESSAGES / 2, `${memory.size} pieces`);
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
  // Behind a large one a small one is copied, to where Buffer has its own small ones.
  const most = Math.max(KEPT_BYTES, Buffer.poolSize + 64);
  for (const chunk of chunks.filter(({ length }) => length <= 4096)) {
    assert.ok(chunk.buffer.byteLength <= most, `${chunk.length} in ${chunk.buffer.byteLength}`);
  }
});

for (const [usual, large] of [
  [64, 3000],
  [64, 30_000],
  [1100, 30_000],
  [2000, 6000],
  [3000, 12_000],
] as const) {
  test(`a message of ${large} bytes between some of ${usual} comes as one chunk`, async (scope) => {
    const { ours, peer } = await makePair(scope);
    const sizes = Array.from({ length: 200 }, (_, index) => (index % 20 === 19 ? large : usual));
    const chunks = await exchange(ours, peer, sizes);
    assert.deepEqual(
      chunks.map(({ length }) => length),
      sizes,
    );
    const expected = sizes.map((size, index) => Buffer.alloc(size, index));
    assert.deepEqual(Buffer.concat(chunks), Buffer.concat(expected));
  });
}

test('what is joined is no more than the built-in reads at once', async (scope) => {
  for (const before of [64, 1100]) {
    const { ours, peer } = await makePair(scope);
    await exchange(ours, peer, new Array<number>(5).fill(before));
    // All of it waits before the first of it is read.
    ours.pause();
    const sending = exchange(ours, peer, [200_000]);
    await setTimeout(50);
    ours.resume();
    const [first] = await sending;
    assert.equal(first?.length, 64 * 1024);
  }
});

for (const size of [64, 2000, 20_000]) {
  test(`who transfers a chunk of ${size} bytes takes nothing from others`, async (scope) => {
    const [one, other] = await makePairs(scope, 2);
    assert.ok(one && other);
    const kept: Buffer[] = [];
    for (let i = 0; i < 5; i++) {
      kept.push(...(await exchange(other.ours, other.peer, [size])));
      const [chunk] = await exchange(one.ours, one.peer, [size]);
      assert.ok(chunk);
      const transfer = (): unknown =>
        structuredClone(chunk, { transfer: [chunk.buffer as ArrayBuffer] });
      // A message that was joined may have memory of its own, which is its owner's to transfer.
      const isShared = chunk.buffer.byteLength > chunk.byteLength;
      if (size <= 4096) assert.ok(isShared);
      if (isShared && NODE_MAJOR > 20) assert.throws(transfer, { name: 'DataCloneError' });
      else transfer();
    }
    const expected = new Array<Buffer>(5).fill(Buffer.alloc(size, 0));
    assert.deepEqual(Buffer.concat(kept), Buffer.concat(expected));
  });
}
