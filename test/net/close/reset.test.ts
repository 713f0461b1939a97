/** `resetAndDestroy`, and resets that the peer sends. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { pairOf } from '../../kit/our-pair.js';
import { errorOf } from '../../kit/outcomes.js';
import { peer } from '../../kit/peer.js';
import { accepted } from '../../kit/peer-pair.js';
import { row } from '../../kit/row.js';
import { event, logOf, turns } from '../../kit/wait.js';

// One of Node's own tests, in our words.
row('resetAndDestroy of a socket that never connected is ERR_SOCKET_CLOSED', async (s) => {
  const socket = s.own(new s.net.Socket());
  const failed = errorOf(socket);
  assert.equal(socket.resetAndDestroy(), socket);
  assert.equal((await failed).code, 'ERR_SOCKET_CLOSED');
  const { client, accepted } = await pairOf(s);
  accepted.on('error', () => {});
  client.destroy();
  const log = logOf(client, 'error');
  client.resetAndDestroy();
  await turns();
  assert.deepEqual(log, [], 'after destroy it does nothing');
});

// One of Node's own tests, in our words.
row('resetAndDestroy while connecting resets the connection once it stands', async (s) => {
  const server = s.server();
  const port = await s.port(server);
  const connection = s.connection(server);
  const client = s.connect(port, '127.0.0.1').on('error', () => {});
  client.resetAndDestroy();
  const accepted = await connection;
  const error = await errorOf(accepted);
  assert.equal(error.code, 'ECONNRESET');
  assert.equal(client.destroyed, true);
});

// One of Node's own tests, in our words.
row('resetAndDestroy sends a reset, twice as once', async (s) => {
  const { client, accepted } = await pairOf(s);
  const failed = errorOf(accepted);
  const log = logOf(client, 'error', 'close');
  client.resetAndDestroy();
  client.resetAndDestroy();
  assert.equal((await failed).code, 'ECONNRESET');
  assert.deepEqual(log, ['close']);
});

row('resetAndDestroy sends RST', async (s) => {
  const { socket, far } = await accepted(s);
  const log = logOf(socket, 'error', 'close');
  assert.equal(socket.resetAndDestroy(), socket);
  assert.equal((await far.until({ closed: true })).error, 'ECONNRESET');
  await turns();
  assert.deepEqual(log, ['close']);
  assert.equal(socket.destroyed, true);
});

row('resetAndDestroy while connecting waits for the connection', async (s) => {
  const there = await peer.listen({ host: '127.0.0.1' });
  const socket = s.connect(there.port, '127.0.0.1');
  socket.resetAndDestroy();
  assert.equal(socket.destroyed, false);
  const far = await there.accept();
  assert.equal((await far.until({ closed: true })).error, 'ECONNRESET');
});

row('resetAndDestroy of a closed socket is ERR_SOCKET_CLOSED', async (s) => {
  const socket = s.own(new s.net.Socket());
  socket.resetAndDestroy();
  const [error] = await event<[NodeJS.ErrnoException]>(socket, 'error');
  assert.deepEqual([error.code, error.message], ['ERR_SOCKET_CLOSED', 'Socket is closed']);
});

row('resetAndDestroy of a UNIX connection is ERR_INVALID_HANDLE_TYPE', async (s) => {
  const path = join(s.folder(), 's');
  await peer.listen({ path });
  const socket = s.connect(path);
  await event(socket, 'connect');
  assert.throws(() => socket.resetAndDestroy(), {
    name: 'TypeError',
    code: 'ERR_INVALID_HANDLE_TYPE',
    message: 'This handle type cannot be sent',
  });
});

// B node-net.test.ts "paused socket whose peer sends RST"
row('a reset is never told as anything but ECONNRESET', async (s) => {
  const { client, accepted } = await pairOf(s);
  const codes: unknown[] = [];
  client.on('error', (error: NodeJS.ErrnoException) => codes.push(error.code));
  client.pause();
  accepted.resetAndDestroy();
  await event(client, 'close');
  assert.deepEqual(codes, ['ECONNRESET']);
});
