/**
 * `'close'`: once, last, after at most one `'error'`, and with the right argument. B# is
 * oven-sh/bun, D# is denoland/deno.
 */
import assert from 'node:assert/strict';
import { pairOf } from '../../kit/our-pair.js';
import { errorOf } from '../../kit/outcomes.js';
import { peer } from '../../kit/peer.js';
import { row } from '../../kit/row.js';
import { event, logOf, turns } from '../../kit/wait.js';

row('C086 close comes once, last, and tells whether there was an error', async (s) => {
  const server = s.server();
  const port = await s.port(server);
  for (const failing of [false, true]) {
    const accepted = s.connection(server);
    const client = await peer.connect({ port });
    const socket = await accepted;
    const log = logOf(socket, 'data', 'end', 'finish', 'error', 'close');
    socket.on('error', () => {});
    const closed = event(socket, 'close');
    const data = event(socket, 'data');
    await client.write('x');
    await data;
    await (failing ? client.reset() : client.end());
    assert.deepEqual(await closed, [failing]);
    await turns();
    const expected = failing ? ['data', 'error', 'close'] : ['data', 'end', 'finish', 'close'];
    assert.deepEqual(log, expected);
    assert.equal(socket.destroyed, true);
  }
});

row('C086 a failed connection closes with true, a destroyed one with false', async (s) => {
  const failed = s.connect(1, '127.0.0.1').on('error', () => {});
  assert.deepEqual(await event(failed, 'close'), [true]);
  const there = await peer.listen();
  const destroyed = s.connect(there.port, '127.0.0.1').destroy();
  assert.deepEqual(await event(destroyed, 'close'), [false]);
});

// B#33256, B#43381
row('destroy emits no end, and the socket does not say that it was read to its end', async (s) => {
  for (const how of ['destroy', 'resetAndDestroy', 'destroy with an error'] as const) {
    const { client, accepted } = await pairOf(s);
    accepted.on('error', () => {});
    const log = logOf(
      client.on('error', () => {}),
      'end',
      'close',
    );
    client.resume();
    if (how === 'resetAndDestroy') client.resetAndDestroy();
    else client.destroy(how === 'destroy' ? undefined : new Error('planted'));
    await event(client, 'close');
    await turns();
    assert.deepEqual(log, ['close'], how);
    assert.equal(client.readableEnded, false, how);
  }
});

// One of Node's own tests, in our words.
row('a socket that fails twice tells the first error only', async (s) => {
  const socket = s.own(new s.net.Socket());
  const failed = errorOf(socket);
  const closed = event(socket, 'close');
  socket.destroy(new Error('first'));
  socket.destroy(new Error('second'));
  assert.equal((await failed).message, 'first');
  await closed;
});
