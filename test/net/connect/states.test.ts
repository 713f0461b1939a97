/** `connecting`, `pending` and `readyState`, from the call of `connect` on. */
import assert from 'node:assert/strict';
import { peer } from '../../kit/peer.js';
import { accepted } from '../../kit/peer-pair.js';
import { row } from '../../kit/row.js';
import { event } from '../../kit/wait.js';

row('connecting, pending and readyState follow the connection', async (s) => {
  const there = await peer.listen({ host: '127.0.0.1', allowHalfOpen: true });
  const socket = s.own(new s.net.Socket({ allowHalfOpen: true }));
  const state = (): unknown[] => [socket.connecting, socket.pending, socket.readyState];
  assert.deepEqual(state(), [false, true, 'open']);
  socket.connect(there.port, '127.0.0.1');
  assert.deepEqual(state(), [true, true, 'opening']);
  await event(socket, 'connect');
  assert.deepEqual(state(), [false, false, 'open']);
  const far = await there.accept();
  socket.end();
  await event(socket, 'finish');
  assert.deepEqual(state(), [false, false, 'readOnly']);
  await far.until({ ended: true });
  socket.resume();
  const closed = event(socket, 'close');
  await far.end();
  await closed;
  assert.deepEqual(state(), [false, true, 'closed']);
});

row('readyState is writeOnly once the peer has ended and all is read', async (s) => {
  const { socket, far } = await accepted(s, { allowHalfOpen: true }, { allowHalfOpen: true });
  const ended = event(socket.resume(), 'end');
  await far.end();
  await ended;
  assert.equal(socket.readyState, 'writeOnly');
});
