/** `bytesRead` and `bytesWritten`. */
import assert from 'node:assert/strict';
import { peer } from '../../kit/peer.js';
import { connected, fillUp } from '../../kit/peer-pair.js';
import { row } from '../../kit/row.js';
import { event, until } from '../../kit/wait.js';

row('C079 bytesRead and bytesWritten count, queued bytes included', async (s) => {
  const { socket, far } = await connected(s, { pauseOnConnect: true });
  assert.deepEqual([socket.bytesRead, socket.bytesWritten], [0, 0]);
  socket.write('€');
  assert.equal(socket.bytesWritten, 3);
  const bytes = fillUp(socket);
  assert.ok(socket.writableLength > 0);
  assert.equal(socket.bytesWritten, bytes + 3);
  const drained = event(socket, 'drain');
  socket.resume();
  await far.write('12345');
  await until(() => socket.bytesRead === 5, '5 bytes');
  await far.resume();
  await drained;
  assert.equal(socket.bytesWritten, bytes + 3);
  const closed = event(socket, 'close');
  socket.end('four');
  assert.equal((await far.until({ ended: true })).bytes, bytes + 7);
  await closed;
  assert.deepEqual([socket.bytesRead, socket.bytesWritten], [5, bytes + 7]);
});

row('C079 bytes written before connect count', async (s) => {
  const there = await peer.listen();
  const socket = s.connect(there.port, '127.0.0.1');
  socket.write('before');
  assert.equal(socket.bytesWritten, 6);
  await event(socket, 'connect');
  await (await there.accept()).until({ bytes: 6 });
  assert.equal(socket.bytesWritten, 6);
});
