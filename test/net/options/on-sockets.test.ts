/**
 * Options set on a socket, read back from the kernel: `setNoDelay`, `setKeepAlive`,
 * `setTypeOfService`.
 */
import assert from 'node:assert/strict';
import { linux } from '#internal/sys/linux';
import { descriptorOf, option, optionsOf, ss } from '../../kit/kernel.js';
import { peer } from '../../kit/peer.js';
import { accepted, connected, type Pair } from '../../kit/peer-pair.js';
import { row } from '../../kit/row.js';
import { event } from '../../kit/wait.js';

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

/** The kernel's options of this socket's connection, found by its ports as the peer has them. */
async function kernelOptions({ far }: Pick<Pair, 'far'>) {
  const { localPort, remotePort } = await far.state();
  return optionsOf(remotePort ?? 0, localPort ?? 0);
}

row('C073 setNoDelay reaches TCP_NODELAY; Nagle is on by default', async (s) => {
  for (const pair of [await accepted(s), await connected(s)]) {
    const noDelay = async (): Promise<number> => (await kernelOptions(pair)).noDelay;
    assert.equal(await noDelay(), 0);
    assert.equal(pair.socket.setNoDelay(), pair.socket);
    assert.equal(await noDelay(), 1);
    pair.socket.setNoDelay(false);
    assert.equal(await noDelay(), 0);
    pair.socket.setNoDelay(true);
    assert.equal(await noDelay(), 1);
  }
});

row('C074 setKeepAlive reaches SO_KEEPALIVE and TCP_KEEPIDLE', async (s) => {
  const pair = await accepted(s);
  const { socket } = pair;
  const system = (await kernelOptions(pair)).keepIdle;
  const check = async (keepAlive: number, keepIdle: number): Promise<void> => {
    const options = await kernelOptions(pair);
    assert.deepEqual([options.keepAlive, options.keepIdle], [keepAlive, keepIdle]);
  };
  await check(0, system);
  assert.equal(socket.setKeepAlive(true), socket);
  await check(1, system);
  socket.setKeepAlive(true, 5000);
  await check(1, 5);
  socket.setKeepAlive(true, 0);
  await check(1, 5);
  socket.setKeepAlive();
  await check(0, 5);
  socket.setKeepAlive(true, 90_000);
  await check(1, 90);
});

row('C074 the keep-alive timer runs, as ss sees it', async (s) => {
  const { socket, far } = await connected(s);
  const { localPort } = await far.state();
  const timer = (): string =>
    ss('-tno', `dport = :${localPort}`)
      .map((fields) => fields.find((one) => one.startsWith('timer:')) ?? 'none')
      .join();
  assert.doesNotMatch(timer(), /keepalive/);
  socket.setKeepAlive(true, 60_000);
  assert.match(timer(), /timer:\(keepalive,/);
});

row('C087 options that were set before connect are the kernel’s after it', async (s) => {
  const there = await peer.listen();
  const early = s.connect(there.port, '127.0.0.1');
  const made = s.own(new s.net.Socket());
  for (const socket of [early, made]) socket.setNoDelay().setKeepAlive(true, 7000);
  made.connect(there.port, '127.0.0.1');
  await Promise.all([early, made].map((socket) => event(socket, 'connect')));
  for (let i = 0; i < 2; i++) {
    const options = await kernelOptions({ far: await there.accept() });
    assert.deepEqual(options, { noDelay: 1, keepAlive: 1, keepIdle: 7 });
  }
});

/** A connected descriptor that came from somewhere else, with its options already on. */
async function foreignDescriptor(): Promise<number> {
  const { AF_INET, SOCK_STREAM, IPPROTO_TCP, TCP_NODELAY } = linux.constants;
  const { SOL_SOCKET, SO_KEEPALIVE } = linux.constants;
  const there = await peer.listen({ host: '127.0.0.1' });
  const fd = linux.socket(AF_INET, SOCK_STREAM, 0);
  linux.connect(fd, AF_INET, '127.0.0.1', there.port);
  await there.accept();
  assert.equal(linux.setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, 1), 0);
  assert.equal(linux.setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, 1), 0);
  linux.release(fd);
  return fd;
}

// oven-sh/bun#31155
row('options that somebody else had set can be unset', async (s) => {
  const fd = await foreignDescriptor();
  const socket = s.own(new s.net.Socket({ fd, readable: true, writable: true }));
  assert.equal(option(fd, 'IPPROTO_TCP', 'TCP_NODELAY'), 1);
  assert.equal(option(fd, 'SOL_SOCKET', 'SO_KEEPALIVE'), 1);
  socket.setNoDelay(false).setKeepAlive(false);
  assert.equal(option(fd, 'IPPROTO_TCP', 'TCP_NODELAY'), 0);
  assert.equal(option(fd, 'SOL_SOCKET', 'SO_KEEPALIVE'), 0);
});
