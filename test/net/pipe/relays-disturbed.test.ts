/** `pipe` between two of our sockets while something changes, or the receiver is slow. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { kConnection } from '#internal/net/symbols';
import { readAll } from '../../kit/pairs.js';
import { makeRelay, passed } from '../../kit/relays.js';
import { type Scope, test } from '../../kit/test.js';

const MIB = 1024 * 1024;
const TIMEOUT_MS = 1000;

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

const IDLE_MS = 300;
const TRIES = 20;
/** The kernel says that there is room once a good part of its buffer is free: some 160 KiB. */
const ROOM_BYTES = 256 * 1024;

/** The longest time that it took to read as much as makes room. */
function longestRoomMs(samples: readonly (readonly [atMs: number, received: number])[]): number {
  let first = 0;
  let longestMs = 0;
  for (const [atMs, received] of samples) {
    while ((samples[first + 1]?.[1] ?? Number.POSITIVE_INFINITY) <= received - ROOM_BYTES) first++;
    longestMs = Math.max(longestMs, atMs - (samples[first]?.[0] ?? 0));
  }
  return longestMs;
}

/** Reads little by little. Gives what timed out, and the longest time in which no room was made. */
async function readSlowly(scope: Scope): Promise<{ timeouts: string[]; longestMs: number }> {
  const { near, source, destination, far } = await makeRelay(scope, {}, 'unix');
  const timeouts: string[] = [];
  source.setTimeout(IDLE_MS, () => timeouts.push('source'));
  destination.setTimeout(IDLE_MS, () => timeouts.push('destination'));
  source.pipe(destination);
  far.pause();
  let received = 0;
  near.write(Buffer.alloc(8 * MIB));
  const samples: [number, number][] = [[performance.now(), 0]];
  for (let i = 0; i < 160; i++) {
    await sleep(5);
    received += (far.read(16 * 1024) as Buffer | null)?.length ?? 0;
    samples.push([performance.now(), received]);
  }
  assert(received > 0 && received < 8 * MIB);
  for (const socket of [source, destination, near, far]) socket.destroy();
  return { timeouts, longestMs: longestRoomMs(samples) };
}

test('a slow receiver that takes bytes is activity of both sockets', async (scope) => {
  for (let more = TRIES; more > 0; more--) {
    const { timeouts, longestMs } = await readSlowly(scope);
    if (timeouts.length === 0) return;
    // A machine that stood still is no evidence: the time-outs were due. Once more, then.
    assert(longestMs >= IDLE_MS, `${timeouts} timed out, ${longestMs} ms being the longest pause`);
  }
  assert.fail(`this machine stood still for ${IDLE_MS} ms in each of ${TRIES} tries`);
});

test('the source is idle once the destination stands still, not a period later', async (scope) => {
  const { near, source, destination, far } = await makeRelay(scope, {}, 'unix');
  source.pipe(destination);
  const chunk = Buffer.alloc(256 * 1024);
  far.resume();
  const sending = setInterval(() => {
    if (near.writableLength < 2 * MIB) near.write(chunk);
  }, 2);
  scope.defer(() => clearInterval(sending));
  source.setTimeout(TIMEOUT_MS);
  await passed(source, 4 * MIB);
  far.pause();
  while (near.writableLength < MIB) await sleep(1);
  const before = performance.now();
  await once(source, 'timeout');
  // A period from the last activity; another one would be added where old bytes count as new.
  assert(performance.now() - before < 1.6 * TIMEOUT_MS);
});

test('after unpipe the source does not keep its destination alive', async (scope) => {
  const { near, source, destination, far } = await makeRelay(scope);
  far.resume();
  source.pipe(destination);
  near.write('some bytes');
  await passed(destination, 0);
  source.unpipe(destination);
  assert.equal(source[kConnection].forward, null);
});
