/** One end is slower than the other: no byte is lost or doubled, and little is held in memory. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { FAMILIES } from '../../kit/echo.js';
import { closing, makePair } from '../../kit/pairs.js';
import { pattern } from '../../kit/peer-calls.js';
import { connected } from '../../kit/peer-pair.js';
import { row } from '../../kit/row.js';
import { sha1 } from '../../kit/sha1.js';
import { test, watch } from '../../kit/test.js';
import { turns } from '../../kit/wait.js';

const MIB = 1024 * 1024;

const BYTES = 24 * MIB;

const HELD_MAX = 128 * 1024;

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** The next `total` bytes, as their hash; the reader pauses after each 2 MiB. */
async function readSlowly(socket: NodeJS.ReadableStream, total: number): Promise<string> {
  const hash = createHash('sha256');
  let received = 0;
  let pauseAt = 2 * MIB;
  return new Promise((resolve) => {
    socket.on('data', (chunk: Buffer) => {
      hash.update(chunk);
      received += chunk.length;
      if (received >= total) resolve(hash.digest('hex'));
      if (received < pauseAt) return;
      pauseAt += 2 * MIB;
      socket.pause();
      setTimeout(() => socket.resume(), 5);
    });
  });
}

for (const family of FAMILIES) {
  test(`one large write leaves in parts while a ${family} peer reads slowly`, async (scope) => {
    const { ours, peer } = await makePair(scope, {}, family);
    const bytes = randomBytes(BYTES);
    let callbacks = 0;
    const before = watch.count('write', 'writev');
    const more = ours.write(bytes, () => callbacks++);
    await sleep(100);
    assert.equal(more, false);
    assert.equal(callbacks, 0, 'the write is not complete while the peer has not read');
    assert.equal(ours.writableLength, BYTES);
    assert.ok(ours.bytesWritten === BYTES, 'bytesWritten counts what is queued');
    const drained = once(ours, 'drain');
    assert.equal(await readSlowly(peer, BYTES), sha256(bytes));
    await drained;
    assert.equal(callbacks, 1);
    assert.equal(ours.writableLength, 0);
    assert.ok(watch.count('write', 'writev') - before > 2, 'it took several calls');
  });

  test(`many writes keep their order while a ${family} peer reads slowly`, async (scope) => {
    const { ours, peer } = await makePair(scope, {}, family);
    const sizes = [1, 10_000, 3, 70_000, 200_000, 17, 300_000];
    const chunks = Array.from({ length: 140 }, (_, i) => randomBytes(sizes[i % 7] as number));
    const order: number[] = [];
    for (const [i, chunk] of chunks.entries()) ours.write(chunk, () => order.push(i));
    const all = Buffer.concat(chunks);
    await sleep(50);
    assert.ok(order.length < chunks.length, 'the kernel did not take it all at once');
    assert.equal(await readSlowly(peer, all.length), sha256(all));
    while (order.length < chunks.length) await sleep(1);
    assert.deepEqual(order, [...chunks.keys()], 'each callback once, in order');
  });

  test(`a paused socket holds little and stops its ${family} peer`, async (scope) => {
    const { ours, peer } = await makePair(scope, {}, family);
    const first = once(ours, 'data').then(() => {});
    ours.once('data', () => ours.pause());
    const bytes = randomBytes(BYTES);
    peer.write(bytes);
    await first;
    await sleep(200);
    assert.ok(ours.isPaused());
    const held = ours.readableLength;
    assert.ok(held <= HELD_MAX, `${held} bytes are held`);
    assert.ok(peer.writableLength > 0, 'the peer must wait');
    const readBefore = ours.bytesRead;
    await sleep(50);
    assert.equal(ours.bytesRead, readBefore, 'nothing is read while it is paused');
    const rest = createHash('sha256');
    let received = 0;
    const start = readBefore - held;
    ours.on('data', (chunk) => {
      rest.update(chunk);
      received += chunk.length;
    });
    ours.resume();
    while (received < BYTES - start) await sleep(5);
    assert.equal(rest.digest('hex'), sha256(bytes.subarray(start)));
    assert.equal(ours.bytesRead, BYTES);
  });

  test(`a ${family} peer that goes away ends a write that waits with an error`, async (scope) => {
    const { ours, peer } = await makePair(scope, {}, family);
    const codes: (string | undefined)[] = [];
    const calls: string[] = [];
    ours.on('error', (error: NodeJS.ErrnoException) => calls.push(`error ${error.syscall}`));
    ours.on('close', (hadError: boolean) => calls.push(`close ${hadError}`));
    const done = (error?: Error | null): void => {
      codes.push((error as NodeJS.ErrnoException | null)?.code);
    };
    ours.write(Buffer.alloc(BYTES), done);
    ours.write('behind it', done);
    await sleep(20);
    const closed = closing(ours);
    peer.destroy();
    await closed;
    assert.equal(codes.length, 2, 'each callback once');
    assert.match(String(codes[0]), /^(EPIPE|ECONNRESET)$/);
    assert.equal(calls.length, 2);
    assert.match(String(calls[0]), /^error (write|read)$/);
    assert.equal(calls[1], 'close true');
  });
}

// oven-sh/bun#32087
row('chunks that are written in parts arrive whole, once and in order', async (s) => {
  const { socket, far } = await connected(s, { pauseOnConnect: true });
  const whole = pattern(12_000_000);
  socket.cork();
  for (let at = 0, size = 1; at < whole.length; at += size) {
    size = 1 + ((at * 7919) % 60_000);
    socket.write(whole.subarray(at, at + size));
  }
  socket.uncork();
  await turns();
  assert.ok(socket.writableLength > 0);
  await far.resume();
  assert.equal((await far.until({ bytes: whole.length })).sha1, sha1(whole));
});
