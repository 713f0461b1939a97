/** When the peer has gone the socket closes, and its descriptor with it. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { linux } from '#internal/sys/linux';
import { descriptorOf } from '../../kit/kernel.js';
import { peer } from '../../kit/peer.js';
import { accepted, fillUp } from '../../kit/peer-pair.js';
import { row } from '../../kit/row.js';
import { script } from '../../kit/scripts.js';
import { event, logOf, until } from '../../kit/wait.js';

// nodejs/node#65110
row('for await leaves no half-open connection behind', async (s) => {
  for (const allowHalfOpen of [false, true]) {
    let over = 0;
    const server = s.server({ allowHalfOpen }, async (socket) => {
      for await (const _ of socket);
      // Who asked for half-open connections ends them.
      if (allowHalfOpen) socket.end();
      over++;
    });
    const port = await s.port(server);
    for (let i = 0; i < 10; i++) await (await peer.connect({ port })).end('word');
    await until(() => over === 10, 'the loops');
    const closed = event(server, 'close');
    server.close();
    await closed;
  }
});

// nodejs/node#43306
row('end with unread data frees the descriptor once the peer has ended, too', async (s) => {
  const server = s.server({ allowHalfOpen: true }, (socket) => socket.pause());
  const port = await s.port(server);
  for (const endFirst of [true, false]) {
    const accepting = s.connection(server);
    const far = await peer.connect({ port, allowHalfOpen: true });
    const socket = await accepting;
    const fd = descriptorOf(port, socket.remotePort ?? 0);
    if (endFirst) socket.end();
    await far.write('unread');
    await far.end();
    await until(() => socket.readableLength === 6, 'the unread bytes');
    if (!endFirst) socket.end('bye');
    const state = await far.until({ ended: true });
    assert.equal(state.text, endFirst ? '' : 'bye');
    await until(() => !linux.ledger().includes(fd), 'the descriptor to close');
    assert.deepEqual([socket.localAddress, socket.localPort], ['127.0.0.1', port]);
    // Who reads after all gets the bytes and the end.
    const [data, ended] = [event(socket, 'data'), event(socket, 'end')];
    const closed = event(socket, 'close');
    socket.resume();
    assert.equal(String((await data)[0]), 'unread');
    await ended;
    assert.deepEqual(await closed, [false]);
    assert.equal(socket.bytesRead, 6);
  }
});

// nodejs/node#46015
row('without a data listener the peer’s close is seen', async (s) => {
  for (const how of ['end', 'destroy', 'reset'] as const) {
    const { socket, far } = await accepted(s);
    socket.on('error', () => {});
    const closed = event(socket, 'close');
    await far[how]();
    assert.deepEqual(await closed, [how === 'reset']);
  }
});

// nodejs/node#46015
row('with unread data a reset is seen', async (s) => {
  const { socket, far } = await accepted(s);
  const closed = event(socket, 'close');
  socket.on('error', () => {});
  await far.write('unread');
  await until(() => socket.readableLength === 6, 'the data');
  await far.reset();
  assert.deepEqual(await closed, [true]);
});

// oven-sh/bun#31654
row('a paused socket with nothing unread closes with its peer', async (s) => {
  const server = s.server((socket) => socket.pause());
  const far = await peer.connect({ port: await s.port(server) });
  await until(() => server.listenerCount('connection') > 0, 'a listener');
  await far.end();
  const closed = event(server, 'close');
  server.close();
  await closed;
});

// oven-sh/bun#31654
row('a socket with queued writes closes when its peer is killed', async (s) => {
  const path = join(s.folder(), 'here');
  for (const target of [`'${path}'`, "PORT, '127.0.0.1'"]) {
    const server = s.server();
    const port = target.includes('PORT') ? await s.port(server) : 0;
    if (port === 0) await event(server.listen(path), 'listening');
    const accepting = s.connection(server);
    const text = `net.connect(${target.replace('PORT', String(port))}).pause();`;
    const child = script(s, 'node:net', `${text} setInterval(() => {}, 1000);`);
    const socket = await accepting;
    const paused = target.includes('PORT');
    if (paused) socket.pause();
    const log = logOf(socket, 'error', 'close');
    fillUp(socket);
    const closed = event(socket, 'close');
    child.child.kill('SIGKILL');
    await closed;
    assert.equal(log.at(-1), 'close');
    const over = event(server, 'close');
    server.close();
    await over;
  }
});
