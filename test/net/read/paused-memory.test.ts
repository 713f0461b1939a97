/**
 * How much memory paused connections keep alive: 64 KiB each, as with the built-in, and one bound
 * for all of a thread.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { closeSync } from 'node:fs';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Socket } from 'barewire';
import { departDescriptor, departWhenTaken } from '#internal/net/moving/depart';
import { closeDescriptor } from '#internal/net/moving/descriptor';
import { kConnection } from '#internal/net/symbols';
import { systemHost } from '#internal/transport/host';
import { byteAt, Flood } from '../../kit/flood.js';
import { makePair, makePairs, type Pair } from '../../kit/pairs.js';
import { makeRelay, type Relayed } from '../../kit/relays.js';
import { type Scope, test, watch } from '../../kit/test.js';

const KIB = 1024;
const MIB = 1024 * KIB;
/** What the built-in has read of a connection that is paused. */
const BUILT_IN_BYTES = 64 * KIB;
/** For all paused connections of a thread, on top of that. */
const THREAD_BYTES = 8 * MIB;
/** Memory that the next reads land in, and the kit's own. */
const READY_BYTES = 2 * MIB;
const FLOODS = 40;
const RELAYS = 32;
/** Of 1 MiB each. */
const RELAYED_BLOCKS = 3;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** How much memory of buffers is in use. */
async function bufferBytes(): Promise<number> {
  for (let i = 0; i < 4; i++) {
    await turn();
    collect();
  }
  return process.memoryUsage().arrayBuffers;
}

function flooded(scope: Scope, { ours }: Pair, lengthBytes: number): Flood {
  const fd = ours[kConnection].stream?.fd;
  assert.ok(fd !== undefined);
  const flood = new Flood(fd, lengthBytes);
  scope.defer(() => flood.end());
  return flood;
}

/** What all of them have read that nobody has taken. */
function buffered(sockets: readonly Socket[]): number {
  for (const { readableLength } of sockets) assert.ok(readableLength <= BUILT_IN_BYTES);
  return sockets.reduce((sum, { readableLength }) => sum + readableLength, 0);
}

function assertBound(usedBytes: number, ownBytes: number, threadBytes: number): void {
  const beyond = Math.round((usedBytes - ownBytes) / KIB);
  assert.ok(usedBytes <= ownBytes + threadBytes + READY_BYTES, `${beyond} KiB beyond their own`);
}

test('floods that pause in the middle of a read: 64 KiB each, 8 MiB for all', async (scope) => {
  const pairs = await makePairs(scope, FLOODS);
  const total = 6 * MIB;
  const received = pairs.map(() => 0);
  const before = await bufferBytes();
  for (const [index, pair] of pairs.entries()) {
    const { ours, peer } = pair;
    const flood = flooded(scope, pair, total);
    let pieces = 0;
    ours.on('data', (chunk: Buffer) => {
      const at = received[index] as number;
      assert.equal(chunk[0], byteAt(at));
      received[index] = at + chunk.length;
      // Where no more is read at once the twelfth read is as good as any.
      if (flood.spreads.length === 1 || ++pieces === 12) ours.pause();
    });
    peer.write('x');
    while (!ours.isPaused() || ours.readableLength === 0) await turn();
  }
  const sockets = pairs.map(({ ours }) => ours);
  assertBound((await bufferBytes()) - before, buffered(sockets), THREAD_BYTES);
  for (const ours of sockets) ours.removeAllListeners('data');
  const ends = pairs.map(async ({ ours, peer }, index) => {
    ours.on('data', (chunk: Buffer) => {
      received[index] = (received[index] as number) + chunk.length;
    });
    ours.resume();
    peer.end('y');
    await once(ours, 'end');
  });
  await Promise.all(ends);
  assert.deepEqual(received, Array(FLOODS).fill(total + 2));
  assert.equal(systemHost().reactor.kept.bytes, 0);
});

test('a flood that is destroyed, moved or detached is counted no more', async (scope) => {
  const { kept } = systemHost().reactor;
  for (const leave of ['destroy', 'move', 'detach'] as const) {
    const pair = await makePair(scope);
    const { ours, peer } = pair;
    const flood = flooded(scope, pair, 6 * MIB);
    peer.on('error', () => {});
    ours.on('data', () => {
      if (flood.spreads.length > 0) ours.pause();
    });
    peer.write('x');
    while (!ours.isPaused()) await turn();
    assert.ok(kept.bytes > 512 * KIB, `${leave}: ${kept.bytes}`);
    if (leave === 'destroy') ours.destroy();
    else if (leave === 'move') departWhenTaken(ours, closeDescriptor);
    else closeSync(departDescriptor(ours));
    assert.equal(kept.bytes, 0, leave);
    ours.destroy();
  }
});

test("floods that nobody reads, or a 'readable' listener that takes nothing", async (scope) => {
  const pairs = await makePairs(scope, FLOODS);
  const before = await bufferBytes();
  for (const [index, pair] of pairs.entries()) {
    const { ours, peer } = pair;
    const flood = flooded(scope, pair, 6 * MIB);
    // It has large reads by then.
    let pieces = 0;
    ours.on('data', function onData() {
      if (++pieces < 3 && flood.spreads.length === 0) return;
      ours.removeListener('data', onData);
      ours.pause();
      if (index % 2 === 0) ours.on('readable', () => {});
    });
    peer.write('x');
    while (ours.readableLength === 0) await turn();
  }
  const sockets = pairs.map(({ ours }) => ours);
  assertBound((await bufferBytes()) - before, buffered(sockets), 0);
});

test('what is paused keeps none of the memory that the bytes of others lay in', async (scope) => {
  const [busy, ...quiet] = await makePairs(scope, FLOODS + 1);
  assert.ok(busy);
  busy.ours.on('data', () => {});
  const before = await bufferBytes();
  for (const { ours, peer } of quiet) {
    peer.write(Buffer.alloc(10 * KIB));
    await once(ours.resume(), 'data');
    ours.pause();
    peer.write(Buffer.alloc(10 * KIB));
    while (ours.readableLength < 10 * KIB) await turn();
    const { bytesRead } = busy.ours;
    busy.peer.write(Buffer.alloc(300 * KIB));
    while (busy.ours.bytesRead < bytesRead + 300 * KIB) await turn();
  }
  const sockets = quiet.map(({ ours }) => ours);
  assertBound((await bufferBytes()) - before, buffered(sockets), 0);
});

test('single bytes that wait keep little alive, each of them', async (scope) => {
  const [quiet, busy] = await makePairs(scope, 2);
  assert.ok(quiet && busy);
  busy.ours.on('data', () => {});
  quiet.ours.pause();
  quiet.ours.read(0);
  const before = await bufferBytes();
  const message = Buffer.alloc(900, 'm');
  for (let sent = 1; sent <= 600; sent++) {
    quiet.peer.write('q');
    while (quiet.ours.readableLength < sent) await turn();
    const { bytesRead } = busy.ours;
    for (let i = 0; i < 20; i++) {
      busy.peer.write(message);
      while (busy.ours.bytesRead < bytesRead + (i + 1) * message.length) await turn();
    }
  }
  assertBound((await bufferBytes()) - before, 600, 0);
  let text = '';
  // Node 26 gives them one by one.
  for (let chunk = quiet.ours.read(); chunk !== null; chunk = quiet.ours.read()) text += chunk;
  assert.equal(text, 'q'.repeat(600));
});

/** Sends until nothing moves any more. */
async function clog({ near, source, destination }: Relayed, block: Buffer): Promise<void> {
  const { SOL_SOCKET, SO_SNDBUF } = watch.kernel.constants;
  // Most of what is read at once is left over.
  destination[kConnection].stream?.setOption(SOL_SOCKET, SO_SNDBUF, 32 * KIB);
  for (let i = 0; i < RELAYED_BLOCKS; i++) near.write(block);
  let quiet = 0;
  for (let last = -1; quiet < 5; ) {
    await sleep(2);
    const now = source.bytesRead + (destination[kConnection].stream?.bytesWritten ?? 0);
    quiet = now === last && destination.writableLength > 0 ? quiet + 1 : 0;
    last = now;
  }
}

test('relays to receivers that stand still: 64 KiB each, 8 MiB for all', async (scope) => {
  const { kept } = systemHost().reactor;
  const block = Buffer.alloc(MIB);
  const relays: Relayed[] = [];
  for (let i = 0; i < RELAYS; i++) {
    const relay = await makeRelay(scope);
    relay.far.pause();
    relay.source.pipe(relay.destination);
    await clog(relay, block);
    relays.push(relay);
  }
  const waiting = relays.map(({ destination }) => destination.writableLength);
  const beyond = waiting.reduce((sum, bytes) => sum + Math.max(0, bytes - BUILT_IN_BYTES), 0);
  assert.ok(beyond <= THREAD_BYTES, `${beyond}: ${waiting}`);
  assert.ok(kept.bytes <= THREAD_BYTES);
  for (const { near, source } of relays) {
    assert.ok(source.readableLength <= BUILT_IN_BYTES);
    near.end();
  }
  const received = relays.map(async ({ far }) => {
    let sum = 0;
    far.on('data', (chunk: Buffer) => {
      sum += chunk.length;
    });
    far.resume();
    await once(far, 'end');
    return sum;
  });
  assert.deepEqual(await Promise.all(received), Array(relays.length).fill(RELAYED_BLOCKS * MIB));
  assert.equal(kept.bytes, 0);
});

test('a relay whose destination goes with what it was given is counted no more', async (scope) => {
  const { kept } = systemHost().reactor;
  const relay = await makeRelay(scope);
  relay.far.pause();
  relay.source.pipe(relay.destination);
  while (kept.bytes === 0) {
    await clog(relay, Buffer.alloc(MIB));
    if (kept.bytes === 0) relay.far.read();
  }
  relay.destination.destroy();
  assert.equal(kept.bytes, 0);
});
