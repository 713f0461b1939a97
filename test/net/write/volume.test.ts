/** Much data through an echo server: every byte comes back, and memory stays flat. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { FAMILIES, startEchoServer } from '../../kit/echo.js';
import { assertFlat, assertRoundTrip, PEERS } from '../../kit/round-trip.js';

const MIB = 1024 ** 2;
for (const family of FAMILIES) {
  for (const peer of PEERS) {
    test(`64 MiB by ${peer} come back unchanged over ${family}, with flat memory`, async (t) => {
      await assertRoundTrip(t, family, peer, 64 * MIB);
    });
  }
}

/** Writes `total` bytes as fast as the socket takes them; returns their hash. */
async function sendAll(socket: Socket, total: number): Promise<string> {
  const hash = createHash('sha256');
  for (let sent = 0; sent < total; sent += MIB) {
    const block = randomBytes(MIB);
    hash.update(block);
    if (!socket.write(block)) await once(socket, 'drain');
  }
  socket.end();
  return hash.digest('hex');
}

const SLOW_BYTES = 64 * MIB;
/** More than the kernel's buffers and both streams' can hold together. */
const UNREAD_MAX = 40 * MIB;
const PAUSES = 8;

/** Reads in bursts with pauses; returns the hash of all, and what was sent at the first pause. */
async function readSlowly(socket: Socket): Promise<{ hash: string; sentUnread: number }> {
  await sleep(700);
  const sentUnread = socket.bytesWritten - socket.writableLength;
  const hash = createHash('sha256');
  let received = 0;
  let nextPause = SLOW_BYTES / PAUSES;
  socket.on('data', (chunk) => {
    hash.update(chunk);
    received += chunk.length;
    if (received < nextPause) return;
    nextPause += SLOW_BYTES / PAUSES;
    socket.pause();
    setTimeout(() => socket.resume(), 100);
  });
  await once(socket, 'end');
  assert.equal(received, SLOW_BYTES);
  return { hash: hash.digest('hex'), sentUnread };
}

for (const family of FAMILIES) {
  test(`a slow reader holds the sender back over ${family}, with flat memory`, async (t) => {
    const server = await startEchoServer(t, family);
    const socket = connect({ ...server.to, allowHalfOpen: true });
    await once(socket, 'connect');
    const sending = sendAll(socket, SLOW_BYTES);
    const { hash, sentUnread } = await readSlowly(socket);
    assert.ok(sentUnread < UNREAD_MAX, `${sentUnread} bytes were taken while nobody read`);
    assert.equal(hash, await sending);
    assertFlat(server);
  });
}
