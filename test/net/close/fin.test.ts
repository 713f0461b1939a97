/**
 * FIN from either side, with and without `allowHalfOpen`. B# is oven-sh/bun, D# is denoland/deno.
 */
import assert from 'node:assert/strict';
import { pairOf } from '../../kit/our-pair.js';
import { textOf } from '../../kit/outcomes.js';
import { peer } from '../../kit/peer.js';
import { pattern } from '../../kit/peer-calls.js';
import { connected, farEnd } from '../../kit/peer-pair.js';
import { row } from '../../kit/row.js';
import { delay, event, logOf } from '../../kit/wait.js';

row('C011 the peer’s FIN is answered with one, after the pending writes', async (s) => {
  const server = s.server();
  const port = await s.port(server);
  const accepted = s.connection(server);
  const client = await peer.connect({ port, allowHalfOpen: true, paused: true });
  const socket = await accepted;
  socket.resume();
  assert.equal(socket.write(pattern(LARGE)), false, 'more than fits');
  const ended = event(socket, 'end');
  await client.end();
  await ended;
  assert.ok(socket.writableLength > 0, 'still pending when the FIN came');
  const closed = event(socket, 'close');
  await client.resume();
  const { bytes } = await client.until({ ended: true });
  assert.equal(bytes, LARGE);
  assert.deepEqual(await closed, [false]);
});

row('C012 with allowHalfOpen the socket writes on after the peer’s FIN', async (s) => {
  const server = s.server({ allowHalfOpen: true });
  const port = await s.port(server);
  const accepted = s.connection(server);
  const client = await peer.connect({ port, allowHalfOpen: true });
  const socket = await accepted;
  socket.resume();
  const ended = event(socket, 'end');
  await client.end();
  await ended;
  assert.equal(socket.readable, false);
  assert.equal(socket.writable, true);
  socket.write(pattern(LARGE));
  const far = await client.until({ bytes: LARGE });
  assert.equal(far.ended, false, 'no FIN before end()');
  socket.end('bye');
  const last = await client.until({ ended: true });
  assert.equal(last.bytes, LARGE + 3);
});

const LARGE = 6_000_000;

row('C061 allowHalfOpen is an option of the constructor', async (s) => {
  const there = await peer.listen({ host: '127.0.0.1', allowHalfOpen: true });
  assert.equal(new s.net.Socket().allowHalfOpen, false);
  const socket = s.own(new s.net.Socket({ allowHalfOpen: true }));
  socket.connect(there.port, '127.0.0.1').resume();
  const ended = event(socket, 'end');
  const far = await there.accept();
  await far.end();
  await ended;
  socket.end('after your FIN');
  assert.equal((await far.until({ ended: true })).text, 'after your FIN');
});

row('C069 end sends FIN after the data, and the peer may still send', async (s) => {
  const { socket, far } = await connected(s, { allowHalfOpen: true });
  socket.write(Buffer.alloc(LARGE));
  socket.end('20AC', 'hex');
  const { bytes, text } = await far.until({ ended: true });
  assert.equal(bytes, LARGE + 2);
  assert.equal(text.at(0), '\0');
  const received: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => received.push(chunk));
  const closed = event(socket, 'close');
  await far.write('still ');
  await far.end('sending');
  assert.deepEqual(await closed, [false]);
  assert.equal(String(Buffer.concat(received)), 'still sending');
});

row('C022 a client answers the server’s FIN with its own, after what is pending', async (s) => {
  const there = await peer.listen({ host: '127.0.0.1', allowHalfOpen: true, pauseOnConnect: true });
  const socket = s.connect(there.port, '127.0.0.1');
  const { far } = await farEnd(there, socket);
  socket.write(Buffer.alloc(6_000_000, 'x'));
  socket.resume();
  const ended = event(socket, 'end');
  await far.end();
  await ended;
  assert.ok(socket.writableLength > 0);
  await far.resume();
  assert.equal((await far.until({ ended: true })).bytes, 6_000_000);
});

row('C022 a client with allowHalfOpen writes on after the server’s FIN', async (s) => {
  const there = await peer.listen({ host: '127.0.0.1', allowHalfOpen: true });
  const socket = s.connect({ port: there.port, host: '127.0.0.1', allowHalfOpen: true });
  const { far } = await farEnd(there, socket);
  socket.resume();
  const ended = event(socket, 'end');
  await far.end();
  await ended;
  assert.deepEqual([socket.readable, socket.writable], [false, true]);
  socket.write(Buffer.alloc(2_000_000, 'x'));
  assert.equal((await far.until({ bytes: 2_000_000 })).ended, false);
  socket.end();
  await far.until({ ended: true });
});

// D#34211
row('end on a socket that never connected calls its callback', async (s) => {
  const socket = s.own(new s.net.Socket());
  const log = logOf(socket, 'error');
  await new Promise<void>((resolve) => void socket.end(resolve));
  assert.equal(socket.writableFinished, true);
  assert.deepEqual(log, []);
});

// D#27510
row('both ends that allow half-open connections may be half-open at once', async (s) => {
  const half = { allowHalfOpen: true };
  const { client, accepted } = await pairOf(s, half, half);
  accepted.end();
  const text = textOf(accepted);
  client.resume();
  await event(client, 'end');
  client.write('after ');
  await delay(10);
  client.end('all');
  assert.equal(await text, 'after all');
});
