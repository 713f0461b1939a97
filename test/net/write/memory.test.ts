/**
 * When `write()` returns, the program may use the memory of the chunk again, as with `node:net`: it
 * may fill, transfer or shrink it, whatever becomes of the write.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Socket } from 'barewire';
import { makePair, readAll } from '../../kit/pairs.js';
import { test } from '../../kit/test.js';

const SIZES = [1, 64, 4096, 8 * 1024, 8 * 1024 + 1, 20_000, 100_000];

for (const withCallback of [false, true]) {
  test(`one buffer for all writes, callbacks: ${withCallback}`, async (scope) => {
    const { ours, peer } = await makePair(scope);
    const received = readAll(peer);
    const expected: Buffer[] = [];
    const done: number[] = [];
    for (const [index, size] of [...SIZES, ...SIZES.toReversed()].entries()) {
      const buffer = Buffer.alloc(size, 65 + index);
      expected.push(Buffer.from(buffer));
      if (withCallback) ours.write(buffer, () => done.push(index));
      else ours.write(buffer);
      // Text in between takes another way, and must keep its place.
      ours.write('|');
      expected.push(Buffer.from('|'));
      buffer.fill(0);
    }
    ours.end();
    assert.deepEqual(await received, Buffer.concat(expected));
    assert.deepEqual(
      done,
      withCallback ? Array.from({ length: 2 * SIZES.length }, (_, i) => i) : [],
      'callbacks come in order',
    );
  });
}

test('a buffer that is transferred right after write() arrives whole', async (scope) => {
  const { ours, peer } = await makePair(scope);
  const received = readAll(peer);
  for (const size of [100, 60_000]) {
    const bytes = new Uint8Array(size).fill(97);
    ours.write(bytes);
    structuredClone(bytes, { transfer: [bytes.buffer] });
    assert.equal(bytes.length, 0);
  }
  ours.end();
  assert.equal((await received).length, 60_100);
});

test('a buffer detached while the kernel has no room fails its write', async (scope) => {
  const { ours, peer } = await makePair(scope);
  peer.pause();
  const bytes = new Uint8Array(32 << 20);
  const failed = once(ours, 'error');
  ours.write(bytes);
  structuredClone(bytes, { transfer: [bytes.buffer] });
  peer.resume();
  const [error] = await failed;
  assert.equal((error as NodeJS.ErrnoException).code, 'EINVAL');
});

for (const count of [3, 3000]) {
  for (const at of ['middle', 'last'] as const) {
    test(`so does one that is the ${at} of ${count} in a list`, async (scope) => {
      const { ours, peer } = await makePair(scope);
      peer.pause();
      const chunks = Array.from({ length: count }, () => new Uint8Array((24 << 20) / count));
      const lost = chunks[at === 'last' ? count - 1 : count >> 1] ?? new Uint8Array();
      const failed = once(ours, 'error', { signal: AbortSignal.timeout(10_000) });
      ours.cork();
      for (const chunk of chunks) ours.write(chunk);
      ours.uncork();
      structuredClone(lost, { transfer: [lost.buffer] });
      peer.resume();
      const [error] = await failed;
      assert.equal((error as NodeJS.ErrnoException).code, 'EINVAL');
    });
  }
}

test('many sockets written to in one tick, most of them blocked or not', async (scope) => {
  const pairs = await Promise.all(Array.from({ length: 20 }, () => makePair(scope)));
  const received = pairs.map(({ peer }) => readAll(peer));
  const scratch = Buffer.alloc(7000);
  for (let round = 0; round < 40; round++) {
    for (const [index, { ours }] of pairs.entries()) {
      scratch.fill(index + 1);
      ours.write(scratch.subarray(0, 1000 + round * 150));
    }
  }
  for (const { ours } of pairs) ours.end();
  const expected = 40 * 1000 + 150 * ((39 * 40) / 2);
  for (const [index, bytes] of (await Promise.all(received)).entries()) {
    assert.equal(bytes.length, expected);
    assert(bytes.every((byte) => byte === index + 1));
  }
});

test("each chunk goes through a socket's own _write, none past it", async (scope) => {
  const { ours, peer } = await makePair(scope);
  const received = readAll(peer);
  const seen: number[] = [];
  const { _write } = Socket.prototype;
  ours._write = (chunk, encoding, done) => {
    seen.push(chunk.length);
    _write.call(ours, chunk, encoding, done);
  };
  for (let i = 0; i < 5; i++) ours.write('12345');
  ours.end();
  assert.deepEqual(seen, [5, 5, 5, 5, 5]);
  assert.equal(String(await received), '12345'.repeat(5));
});

test("a class's own _write and _writev change what the peer gets", async (scope) => {
  const { ours, peer } = await makePair(scope);
  const received = readAll(peer);
  const { _write, _writev } = Socket.prototype;
  const upper = (chunk: Uint8Array): Buffer => Buffer.from(String(chunk).toUpperCase());
  ours._write = (chunk, encoding, done) => _write.call(ours, upper(chunk), encoding, done);
  ours._writev = (entries, done) =>
    _writev.call(
      ours,
      entries.map(({ chunk }) => ({ chunk: upper(chunk) })),
      done,
    );
  for (const word of ['one ', 'two ', 'three ']) ours.write(word);
  ours.end('four');
  assert.equal(String(await received), 'ONE TWO THREE FOUR');
});

test('an unknown encoding throws also where the chunk would join a write', async (scope) => {
  const { ours } = await makePair(scope);
  ours.write('a');
  assert.throws(() => ours.write(Buffer.from('b'), 'nope' as BufferEncoding), {
    code: 'ERR_UNKNOWN_ENCODING',
  });
});

test('bytesWritten is the same before and after destroy() gives bytes up', async (scope) => {
  const { ours, peer } = await makePair(scope);
  peer.pause();
  ours.on('error', () => {});
  ours.write(Buffer.alloc(32 << 20));
  ours.write('x');
  assert.equal(ours.bytesWritten, (32 << 20) + 1);
  ours.destroy();
  assert.equal(ours.bytesWritten, (32 << 20) + 1);
});

test('resetAndDestroy() sends what was written before it, also before a FIN', async (scope) => {
  for (const ends of [false, true]) {
    const { ours, peer } = await makePair(scope);
    peer.on('error', () => {});
    const first = once(peer, 'data');
    const told: unknown[] = [];
    if (ends) {
      ours.write('ab', (error) => {
        told.push(error ?? null);
        ours.resetAndDestroy();
      });
      ours.end();
    } else {
      ours.write('a', (error) => told.push(error ?? null));
      ours.write('b', (error) => told.push(error ?? null));
      ours.resetAndDestroy();
      assert.deepEqual(told, [], 'callbacks do not run within resetAndDestroy()');
    }
    await once(ours, 'close');
    assert.equal(String((await first)[0]), 'ab');
    assert.deepEqual(told, ends ? [null] : [null, null]);
    assert.equal(ours.bytesWritten, 2);
  }
});
