/**
 * A flood is read up to 1 MiB at a time, in pieces: what runs between two pieces, and who gets
 * them.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket as PlainSocket } from 'node:net';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import net, { type Socket } from 'barewire';
import { departWhenTaken } from '#internal/net/moving/depart';
import { closeDescriptor } from '#internal/net/moving/descriptor';
import { kConnection } from '#internal/net/symbols';
import { systemHost } from '#internal/transport/host';
import { byteAt, Flood } from '../../kit/flood.js';
import { makePair } from '../../kit/pairs.js';
import { type Scope, test } from '../../kit/test.js';

const KIB = 1024;
const MIB = 1024 * KIB;
const PIECE_BYTES = 256 * KIB;

function check(chunk: Buffer, from: number): void {
  for (let i = 0; i < chunk.length; i += 997) assert.equal(chunk[i], byteAt(from + i), `at ${i}`);
  assert.equal(chunk.at(-1), byteAt(from + chunk.length - 1), 'the last byte');
}

interface Flooded {
  readonly ours: Socket;
  readonly peer: PlainSocket;
  readonly flood: Flood;
}

async function flooded(scope: Scope, lengthBytes: number): Promise<Flooded> {
  const { ours, peer } = await makePair(scope);
  // Not `_handle.fd`: whose number somebody has, that connection is read as it was before.
  const fd = ours[kConnection].stream?.fd;
  assert.ok(fd !== undefined && fd >= 0);
  const flood = new Flood(fd, lengthBytes);
  scope.defer(() => flood.end());
  return { ours, peer, flood };
}

/** Reads until the first piece of a spread read; it and what it came behind. */
async function firstPiece({ ours, peer, flood }: Flooded): Promise<{ piece: Buffer; at: number }> {
  let at = 0;
  peer.write('x');
  return new Promise((resolve) => {
    ours.on('data', function onData(piece: Buffer) {
      if (flood.spreads.length > 0) {
        ours.removeListener('data', onData);
        resolve({ piece, at });
      }
      at += piece.length;
    });
  });
}

test('a flood is read in pieces of at most 256 KiB, four of them at once', async (scope) => {
  const total = 10 * MIB + 300 * KIB;
  const { ours, peer, flood } = await flooded(scope, total);
  const memory = new Map<ArrayBufferLike, number>();
  let received = 0;
  ours.on('data', (chunk: Buffer) => {
    if (received < total) check(chunk, received);
    received += chunk.length;
    assert.equal(ours.bytesRead, received);
    assert.ok(chunk.length <= PIECE_BYTES);
    assert.ok(chunk.buffer.byteLength <= PIECE_BYTES, 'it keeps no more than that alive');
    memory.set(chunk.buffer, (memory.get(chunk.buffer) ?? 0) + 1);
    if (received === total) peer.end('yz');
  });
  peer.write('x');
  await once(ours, 'end');
  assert.equal(received, total + 3, 'and what came behind it');
  assert.ok(flood.spreads.length >= 8, `${flood.spreads}`);
  assert.ok(
    flood.spreads.slice(0, -1).every((count) => count === MIB),
    `${flood.spreads}`,
  );
  assert.ok(flood.reads.length <= 6, 'few reads come before');
});

test('ticks and promise jobs run between pieces, and no timer waits for a flood', async (scope) => {
  const { ours, peer, flood } = await flooded(scope, 40 * MIB);
  const order: string[] = [];
  let piecesBeforeTimer = 0;
  let timerRan = false;
  setTimeout(() => {
    timerRan = true;
  }, 0);
  ours.on('data', () => {
    if (!timerRan) piecesBeforeTimer++;
    if (flood.spreads.length === 0 || order.length > 12) return;
    order.push('data');
    process.nextTick(() => order.push('tick'));
    void Promise.resolve().then(() => order.push('job'));
  });
  peer.end('x');
  await once(ours, 'end');
  assert.deepEqual(order.slice(0, 12), Array(4).fill(['data', 'tick', 'job']).flat());
  assert.ok(piecesBeforeTimer < 20, `${piecesBeforeTimer} pieces came before a timer`);
});

test('pause() between two pieces: none is told until resume(), none is lost', async (scope) => {
  const total = 6 * MIB;
  const { ours, peer, flood } = await flooded(scope, total);
  let received = 0;
  let stopped = false;
  ours.on('data', (chunk: Buffer) => {
    assert.ok(!ours.isPaused(), 'paused');
    check(chunk, received);
    received += chunk.length;
    if (stopped || flood.spreads.length === 0) return;
    stopped = true;
    ours.pause();
  });
  peer.write('x');
  while (!stopped) await turn();
  const before = received;
  await sleep(20);
  assert.equal(received, before);
  assert.equal(ours.readableLength, 64 * KIB, 'as much as the built-in reads');
  assert.equal(ours.bytesRead, received + 64 * KIB);
  assert.equal(flood.spreads.length, 1);
  ours.resume();
  while (received < total) await turn();
  const next = flood.reads.findLast((count) => count < PIECE_BYTES);
  assert.equal(next, 64 * KIB, 'who pauses gets small reads');
});

test('a connection whose number somebody has is never read ahead', async (scope) => {
  const { ours, peer, flood } = await flooded(scope, 6 * MIB);
  assert.ok((ours._handle?.fd ?? -1) >= 0);
  ours.on('data', () => {});
  peer.end('x');
  await once(ours, 'end');
  assert.equal(flood.spreads.length, 0);
});

test('onread gets the pieces that a socket leaves to another one', async (scope) => {
  const pair = await flooded(scope, 5 * MIB);
  const { piece, at } = await firstPiece(pair);
  const total = pair.flood.stop();
  const buffer = Buffer.alloc(100_000);
  let received = at + piece.length;
  const heir = new net.Socket({
    handle: pair.ours._handle,
    readable: true,
    writable: true,
    onread: {
      buffer,
      callback: (count: number, bytes: Uint8Array) => {
        assert.equal(bytes, buffer);
        const fresh = Math.min(count, total - received);
        if (fresh > 0) check(buffer.subarray(0, fresh), received);
        received += count;
        return true;
      },
    },
  });
  heir.on('data', () => assert.fail('data'));
  scope.defer(() => pair.ours.destroy());
  pair.peer.end('z');
  await once(heir, 'end');
  assert.equal(received, total + 2);
});

test('a move that fails leaves all as it was, also where there is an encoding', async (scope) => {
  const pair = await flooded(scope, 5 * MIB);
  pair.ours.setEncoding('latin1');
  let received = 0;
  let moved = false;
  pair.ours.on('data', (text: string) => {
    assert.equal(typeof text, 'string');
    const chunk = Buffer.from(text, 'latin1');
    if (received < 5 * MIB) check(chunk, received);
    received += chunk.length;
    if (moved || pair.flood.spreads.length === 0) return;
    moved = true;
    const failing = (): void => {
      throw new Error('not taken');
    };
    assert.throws(() => departWhenTaken(pair.ours, failing), /not taken/);
  });
  pair.peer.write('x');
  while (received < 5 * MIB) await turn();
  assert.ok(moved);
});

test("from 'data' to 'readable' and parts of what is there: it goes on", async (scope) => {
  const total = 8 * MIB;
  const { ours, peer } = await flooded(scope, total);
  let received = 0;
  let turns = 0;
  const take = (chunk: Buffer): void => {
    if (received < total) check(chunk.subarray(0, total - received), received);
    received += chunk.length;
    turns++;
  };
  const onData = (chunk: Buffer): void => {
    take(chunk);
    if (turns % 6 !== 0) return;
    ours.removeListener('data', onData);
    ours.on('readable', onReadable);
  };
  const onReadable = (): void => {
    const chunk: Buffer | null = ours.read(50_000) ?? ours.read();
    if (chunk !== null) take(chunk);
    if (turns % 3 !== 0) return;
    ours.removeListener('readable', onReadable);
    ours.on('data', onData);
    ours.resume();
  };
  ours.on('data', onData);
  peer.end('xyz');
  await once(ours, 'end');
  assert.equal(received, total + 3);
});

test('destroy() between two pieces ends it', async (scope) => {
  const { ours, peer, flood } = await flooded(scope, 6 * MIB);
  let pieces = 0;
  ours.on('data', () => {
    if (flood.spreads.length === 0) return;
    pieces++;
    ours.destroy();
  });
  peer.on('error', () => {});
  peer.write('x');
  await once(ours, 'close');
  await turn();
  assert.equal(pieces, 1);
});

test('pipe() between two pieces: the rest goes that way', async (scope) => {
  const pair = await flooded(scope, 5 * MIB);
  const { ours: to, peer: end } = await makePair(scope);
  const { piece, at } = await firstPiece(pair);
  const total = pair.flood.stop();
  let received = at + piece.length;
  end.on('data', (chunk: Buffer) => {
    if (received < total) check(chunk.subarray(0, total - received), received);
    received += chunk.length;
  });
  pair.ours.pipe(to);
  pair.peer.end('z');
  await once(end, 'end');
  assert.equal(received, total + 2);
});

test('a connection that moves between two pieces takes the rest along', async (scope) => {
  const pair = await flooded(scope, 6 * MIB);
  pair.peer.on('error', () => {});
  const { piece, at } = await firstPiece(pair);
  pair.ours.pause();
  let unread: readonly Buffer[] = [];
  departWhenTaken(pair.ours, (fd, rest) => {
    unread = rest;
    closeDescriptor(fd);
  });
  const bytes = Buffer.concat(unread);
  assert.equal(bytes.length, MIB - PIECE_BYTES);
  // Other sockets' bytes lie in the slabs.
  assert.ok(unread.every((each) => !pair.flood.memory.has(each.buffer)));
  check(bytes, at + piece.length);
  await once(pair.ours, 'close');
});

test('a connection that moves tells nobody here what it takes along', async (scope) => {
  const { ours, peer } = await makePair(scope);
  peer.on('error', () => {});
  const told: string[] = [];
  ours.on('data', (chunk) => told.push(String(chunk)));
  ours.pause();
  ours.read(0);
  peer.write('hello');
  while (ours.readableLength < 5) await turn();
  let unread: readonly Buffer[] = [];
  const take = (fd: number, rest: readonly Buffer[]): void => {
    unread = rest;
    closeDescriptor(fd);
  };
  const refuse = (): void => {
    throw new Error('not taken');
  };
  assert.throws(() => departWhenTaken(ours, refuse), /not taken/);
  assert.equal(ours.readableLength, 5, 'a move that fails leaves them');
  departWhenTaken(ours, take);
  await once(ours, 'close');
  assert.equal(String(Buffer.concat(unread)), 'hello');
  assert.deepEqual(told, []);
});

test('many floods at once are read in turn, none a megabyte at a time', async (scope) => {
  const all = await Promise.all(Array.from({ length: 12 }, () => flooded(scope, 6 * MIB)));
  const ends = all.map(async ({ ours, peer }) => {
    ours.on('data', () => {});
    peer.end('x');
    await once(ours, 'end');
  });
  await Promise.all(ends);
  const spreads = all.reduce((sum, { flood }) => sum + flood.spreads.length, 0);
  assert.ok(spreads < 12, `${spreads} of about 60`);
});

test('where a connection may go to another process, all that was read is told', async (scope) => {
  const { slab } = systemHost().reactor;
  scope.defer(() => {
    slab.mayBeVectored = true;
  });
  const { ours, peer, flood } = await flooded(scope, 6 * MIB);
  await import('barewire/ipc');
  ours.on('data', () => {});
  peer.end('x');
  await once(ours, 'end');
  assert.equal(flood.spreads.length, 0);
  assert.ok(flood.reads.length > (6 * MIB) / PIECE_BYTES);
});
