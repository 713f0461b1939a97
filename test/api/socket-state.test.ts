/** What a socket is told, and what it tells of itself, from its making to its end. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { resetsFromHere } from '../contract/kit/aborts.js';
import { descriptorOf, option, ss } from '../contract/kit/kernel.js';
import { accepted, connected, fillUp, type Pair } from '../contract/kit/pair.js';
import { peer } from '../contract/kit/peer.js';
import { row } from '../contract/kit/row.js';
import { event, logOf, turns, until } from '../contract/kit/wait.js';

/** Our descriptor of this connection, found by its ports as the peer has them. */
async function descriptor({ far }: Pick<Pair, 'far'>): Promise<number> {
  const { localPort = 0, remotePort = 0 } = await far.state();
  return descriptorOf(remotePort, localPort);
}

interface KeepAlive {
  on: number;
  idle: number;
  interval: number;
  count: number;
}

function keepAliveOf(fd: number): KeepAlive {
  return {
    on: option(fd, 'SOL_SOCKET', 'SO_KEEPALIVE'),
    idle: option(fd, 'IPPROTO_TCP', 'TCP_KEEPIDLE'),
    interval: option(fd, 'IPPROTO_TCP', 'TCP_KEEPINTVL'),
    count: option(fd, 'IPPROTO_TCP', 'TCP_KEEPCNT'),
  };
}

row('setKeepAlive takes its values as options, and one after another', async (s) => {
  const pair = await accepted(s);
  const fd = await descriptor(pair);
  const { socket } = pair;
  const usual = keepAliveOf(fd);
  const options = { enable: true, initialDelay: 61_000, interval: 7_000, count: 4 };
  assert.equal(socket.setKeepAlive(options), socket);
  assert.deepEqual(keepAliveOf(fd), { on: 1, idle: 61, interval: 7, count: 4 });
  socket.setKeepAlive(true, 62_999, 8_000, 5);
  assert.deepEqual(keepAliveOf(fd), { on: 1, idle: 62, interval: 8, count: 5 });
  socket.setKeepAlive({ enable: true, interval: 9_000 });
  assert.deepEqual(keepAliveOf(fd), { on: 1, idle: 62, interval: 9, count: 5 });
  socket.setKeepAlive({ enable: false });
  assert.equal(keepAliveOf(fd).on, 0);
  const fresh = await accepted(s);
  fresh.socket.setKeepAlive({ enable: true });
  assert.deepEqual(keepAliveOf(await descriptor(fresh)), { ...usual, on: 1 });
});

row('setKeepAlive with options before connect is the kernel’s after it', async (s) => {
  const there = await peer.listen({ host: '127.0.0.1' });
  const socket = s.own(new s.net.Socket());
  socket.setKeepAlive({ enable: true, initialDelay: 63_000, interval: 6_000, count: 3 });
  socket.connect(there.port, '127.0.0.1');
  await event(socket, 'connect');
  const fd = await descriptor({ far: await there.accept() });
  assert.deepEqual(keepAliveOf(fd), { on: 1, idle: 63, interval: 6, count: 3 });
});

row('setTypeOfService is IP_TOS, and getTypeOfService reads it', async (s) => {
  const pair = await connected(s);
  const fd = await descriptor(pair);
  assert.equal(pair.socket.getTypeOfService(), 0);
  assert.equal(pair.socket.setTypeOfService(0x20), pair.socket);
  assert.equal(option(fd, 'IPPROTO_IP', 'IP_TOS'), 0x20);
  assert.equal(pair.socket.getTypeOfService(), 0x20);
  const six = await connected(s, { host: '::1' }, { host: '::1' });
  six.socket.setTypeOfService(0x28);
  assert.equal(option(await descriptor(six), 'IPPROTO_IPV6', 'IPV6_TCLASS'), 0x28);
  assert.equal(six.socket.getTypeOfService(), 0x28);
});

row('setTypeOfService before connect is the kernel’s after it', async (s) => {
  const there = await peer.listen({ host: '127.0.0.1' });
  const socket = s.own(new s.net.Socket());
  assert.equal(socket.getTypeOfService(), 0);
  socket.setTypeOfService(0x08);
  assert.equal(socket.getTypeOfService(), 0x08);
  socket.connect(there.port, '127.0.0.1');
  await event(socket, 'connect');
  const fd = await descriptor({ far: await there.accept() });
  assert.equal(option(fd, 'IPPROTO_IP', 'IP_TOS'), 0x08);
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

row('destroySoon sends all that was written, then closes', async (s) => {
  const { socket, far } = await accepted(s, { paused: true });
  const resets = resetsFromHere();
  const bytes = fillUp(socket);
  socket.destroySoon();
  assert.deepEqual([socket.destroyed, socket.writable], [false, false]);
  await far.resume();
  const state = await far.until({ closed: true });
  const seen = [state.bytes, state.error, state.ended];
  assert.deepEqual(seen, [bytes, null, true], `${seen}; ${resets()}`);
  await until(() => socket.destroyed, 'the socket to be destroyed');
});

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

row('timeout is what was set last', async (s) => {
  const { socket } = await accepted(s);
  assert.equal(socket.timeout, undefined);
  assert.equal(socket.setTimeout(5000).timeout, 5000);
  assert.equal(socket.setTimeout(0).timeout, 0);
});

row('localFamily and remoteFamily are those of the connection in the kernel', async (s) => {
  for (const [host, family, flag] of [
    ['127.0.0.1', 'IPv4', '-t4'],
    ['::1', 'IPv6', '-t6'],
  ] as const) {
    const { socket, far } = await connected(s, { host }, { host });
    const { localPort, remotePort } = await far.state();
    assert.equal(ss(flag, `sport = :${remotePort} and dport = :${localPort}`).length, 1);
    assert.deepEqual([socket.localFamily, socket.remoteFamily], [family, family]);
    socket.destroy();
    await event(socket, 'close');
    assert.equal(socket.localFamily, undefined);
  }
  const path = join(s.folder(), 's');
  await peer.listen({ path });
  const socket = s.connect(path);
  await event(socket, 'connect');
  assert.deepEqual([socket.localFamily, socket.remoteFamily], [undefined, undefined]);
});

row('closed and errored tell how it ended', async (s) => {
  const well = await accepted(s);
  assert.deepEqual([well.socket.closed, well.socket.errored], [false, null]);
  const closed = event(well.socket.resume(), 'close');
  await well.far.end();
  await closed;
  assert.deepEqual([well.socket.closed, well.socket.errored], [true, null]);

  const { socket, far } = await accepted(s);
  const failed = event<[Error]>(socket, 'error');
  await far.reset();
  const [error] = await failed;
  assert.equal((error as NodeJS.ErrnoException).code, 'ECONNRESET');
  await until(() => socket.closed, 'closed');
  assert.equal(socket.errored, error);
});

row('a server’s states have errors of their own', async (s) => {
  const server = s.server();
  await s.port(server);
  assert.throws(() => server.listen(0), {
    name: 'Error',
    code: 'ERR_SERVER_ALREADY_LISTEN',
    message: 'Listen method has been called more than once without closing.',
  });
  server.close();
  const error = await new Promise<unknown>((resolve) => server.close(resolve));
  const { name, code, message } = error as NodeJS.ErrnoException;
  assert.deepEqual(
    [name, code, message],
    ['Error', 'ERR_SERVER_NOT_RUNNING', 'Server is not running.'],
  );
});

row('a write to a socket that has no connection is ERR_SOCKET_CLOSED', async (s) => {
  const socket = s.own(new s.net.Socket());
  const failed = event<[NodeJS.ErrnoException]>(socket, 'error');
  const called = new Promise<unknown>((resolve) => socket.write('x', resolve));
  const [error] = await failed;
  assert.deepEqual([error.code, error.message], ['ERR_SOCKET_CLOSED', 'Socket is closed']);
  assert.equal(await called, error);
});
