/** `pipe` between two of our sockets where something changes, or the receiver is slow. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { kCore } from '#internal/net/internals';
import { readAll } from '../support/pairs.js';
import { makeRelay, passed } from '../support/relays.js';
import { test } from '../support/test.js';

const MIB = 1024 * 1024;

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

test('two targets, one of them unpiped again: the other gets every byte', async (scope) => {
  const { near, source, destination, far } = await makeRelay(scope);
  const other = await makeRelay(scope);
  const bytes = randomBytes(16 * MIB);
  source.pipe(destination);
  source.pipe(other.destination);
  source.unpipe(other.destination);
  far.pause();
  const sent = once(near, 'finish');
  near.end(bytes);
  await sleep(50);
  const all = readAll(far);
  far.resume();
  assert.equal(sha256(await all), sha256(bytes));
  await sent;
});

for (const how of ['end', 'reset'] as const) {
  test(`the source hears of its peer's ${how} while the destination is busy`, async (scope) => {
    const { near, source, destination, far } = await makeRelay(scope);
    far.pause();
    source.pipe(destination);
    destination.write(Buffer.alloc(32 * MIB));
    near.write('small');
    await passed(source, 0);
    const heard = how === 'end' ? once(source, 'end') : once(source, 'error');
    await sleep(20);
    if (how === 'end') near.end();
    else near.resetAndDestroy();
    await heard;
    assert(destination.writableLength > 0, 'the destination is still busy');
  });
}

test('a slow receiver that takes bytes is activity of both sockets', async (scope) => {
  const { near, source, destination, far } = await makeRelay(scope, {}, 'unix');
  const timeouts: string[] = [];
  source.setTimeout(200, () => timeouts.push('source'));
  destination.setTimeout(200, () => timeouts.push('destination'));
  source.pipe(destination);
  far.pause();
  let received = 0;
  near.write(Buffer.alloc(8 * MIB));
  for (let i = 0; i < 40; i++) {
    await sleep(20);
    received += (far.read(16 * 1024) as Buffer | null)?.length ?? 0;
  }
  assert(received > 0 && received < 8 * MIB);
  assert.deepEqual(timeouts, []);
});

test('after unpipe the source does not keep its destination alive', async (scope) => {
  const { near, source, destination, far } = await makeRelay(scope);
  far.resume();
  source.pipe(destination);
  near.write('some bytes');
  await passed(destination, 0);
  source.unpipe(destination);
  assert.equal(source[kCore].forward, null);
});
