/** When written bytes leave, and in how many system calls. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'barewire';
import { FAMILIES } from '../../kit/echo.js';
import { makePair, type Pair } from '../../kit/pairs.js';
import { test, watch } from '../../kit/test.js';

const KIB = 1024;

function writes(): number {
  return watch.count('write', 'writev');
}

async function received(pair: Pair, bytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  pair.peer.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    length += chunk.length;
  });
  while (length < bytes) await once(pair.peer, 'data');
  return Buffer.concat(chunks);
}

/** Runs `handler` as the socket's 'data' handler, once. */
async function inHandler(pair: Pair, handler: (socket: Socket) => void): Promise<void> {
  const ran = once(pair.ours, 'data').then(() => {});
  pair.ours.once('data', () => handler(pair.ours));
  pair.peer.write('go');
  await ran;
}

for (const family of FAMILIES) {
  test(`a hundred writes in one handler leave a ${family} socket in one call`, async (scope) => {
    const pair = await makePair(scope, {}, family);
    const all = received(pair, 3200);
    const before = writes();
    let during = -1;
    await inHandler(pair, (socket) => {
      for (let i = 0; i < 100; i++) socket.write(String(i).padEnd(32, '.'));
      during = writes() - before;
    });
    const text = String(await all);
    assert.equal(during, 0, 'nothing leaves before the handler returns');
    assert.equal(writes() - before, 1);
    assert.equal(text, Array.from({ length: 100 }, (_, i) => String(i).padEnd(32, '.')).join(''));
  });

  test(`a hundred writes in one tick leave a ${family} socket in one call`, async (scope) => {
    const pair = await makePair(scope, {}, family);
    const all = received(pair, 3200);
    await new Promise((resolve) => setTimeout(resolve, 5));
    const before = writes();
    for (let i = 0; i < 100; i++) pair.ours.write(String(i).padEnd(32, '.'));
    assert.equal(writes(), before, 'nothing leaves before the tick ends');
    await all;
    assert.equal(writes() - before, 1);
  });

  test(`a chunk of more than 64 KiB leaves a ${family} socket at once`, async (scope) => {
    const pair = await makePair(scope, {}, family);
    const all = received(pair, 65 * KIB);
    const before = writes();
    let during = -1;
    await inHandler(pair, (socket) => {
      socket.write(Buffer.alloc(65 * KIB));
      during = writes() - before;
    });
    await all;
    assert.ok(during >= 1, 'it is on its way when write() returns');
  });

  test(`writes made in one handler leave before the next ${family} handler runs`, async (scope) => {
    const first = await makePair(scope, {}, family);
    const second = await makePair(scope, {}, family);
    const counts: number[] = [];
    const answered = Promise.all([received(first, 1), received(second, 1)]);
    const before = writes();
    for (const { ours } of [first, second]) {
      ours.once('data', () => {
        counts.push(writes() - before);
        ours.write('!');
      });
    }
    first.peer.write('a');
    second.peer.write('b');
    await answered;
    assert.deepEqual(counts, [0, 1]);
  });

  test(`corked writes stay until uncork() on a ${family} socket`, async (scope) => {
    const pair = await makePair(scope, {}, family);
    const before = writes();
    pair.ours.cork();
    for (let i = 0; i < 10; i++) pair.ours.write('0123456789');
    await new Promise((resolve) => setTimeout(resolve, 10));
    assert.equal(writes(), before);
    const all = received(pair, 100);
    pair.ours.uncork();
    await all;
    assert.equal(writes() - before, 1);
  });
}
