/** C072–C079, C083, C087: time-outs, options, addresses and counters. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { join } from 'node:path';
import { simulate } from 'barewire/testing';
import { optionsOf, ss } from './kit/kernel.js';
import { accepted, connected, fillUp, type Pair } from './kit/pair.js';
import { peer } from './kit/peer.js';
import { script } from './kit/program.js';
import { row, type Scope, type Socket } from './kit/row.js';
import { delay, event, logOf, turns, until } from './kit/wait.js';

/** Timers may fire a little early; see Node's own tests of timers. */
const EARLY_MS = 2;

/** The kernel's options of this socket's connection, found by its ports as the peer has them. */
async function kernelOptions({ far }: Pick<Pair, 'far'>) {
  const { localPort, remotePort } = await far.state();
  return optionsOf(remotePort ?? 0, localPort ?? 0);
}

row('C072 timeout comes after that inactivity, and the connection stays', async (s) => {
  const { socket, far } = await accepted(s);
  const start = performance.now();
  assert.equal(socket.setTimeout(60), socket);
  await event(socket, 'timeout');
  assert.ok(performance.now() - start >= 60 - EARLY_MS);
  assert.equal(socket.destroyed, false);
  const data = event(socket, 'data');
  await far.write('still');
  assert.equal(String((await data)[0]), 'still');
  socket.write('here');
  assert.equal((await far.until({ bytes: 4 })).text, 'here');
});

row('C072 0 turns it off; there is none by default; the callback is for once', async (s) => {
  const [one, two] = [await accepted(s), await accepted(s)];
  const quiet = logOf(one.socket, 'timeout');
  one.socket.setTimeout(40, () => quiet.push('callback'));
  one.socket.setTimeout(0);
  const plain = logOf((await accepted(s)).socket, 'timeout');
  let called = 0;
  const callback = (): unknown => called++;
  two.socket.setTimeout(60, callback);
  assert.ok(two.socket.listeners('timeout').includes(callback));
  await event(two.socket, 'timeout');
  two.socket.write('activity');
  await event(two.socket, 'timeout');
  assert.equal(called, 1);
  assert.deepEqual([quiet, plain], [[], []]);
});

/** Keeps doing `act` in less than the time-out, and checks it fires only after a real pause. */
async function restarts(socket: Socket, act: () => Promise<unknown>): Promise<void> {
  const timeoutMs = 300;
  // When the latest activity began that was over before the time-out: it came no earlier.
  let last = performance.now();
  let fired = 0;
  socket.setTimeout(timeoutMs, () => {
    fired = performance.now() - last;
  });
  for (let i = 0; i < 6; i++) {
    await delay(timeoutMs / 4);
    const begun = performance.now();
    await act();
    if (fired === 0) last = begun;
  }
  if (fired === 0) await event(socket, 'timeout');
  assert.ok(fired >= timeoutMs - EARLY_MS, `only ${fired} ms after the last activity`);
}

row('C072 any write restarts the time', async (s) => {
  const { socket } = await accepted(s);
  await restarts(socket, () => new Promise((resolve) => socket.write('x', resolve)));
});

row('C083 any read restarts the time: timeout comes on inactivity only', async (s) => {
  const { socket, far } = await accepted(s);
  socket.on('data', () => {});
  await restarts(socket, async () => {
    const data = event(socket, 'data');
    await far.write('x');
    await data;
  });
});

row('C083 a socket that is busy does not time out', async (s) => {
  const { socket, far } = await connected(s, { pauseOnConnect: true });
  const log = logOf(socket, 'timeout');
  const start = performance.now();
  socket.setTimeout(200);
  let last = start;
  let longest = 0;
  while (last - start < 350 && log.length === 0) {
    socket.write(Buffer.alloc(1000));
    await delay(10);
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
  }
  // Between two writes the machine may have stood still: then it was not busy.
  assert.ok(log.length === 0 || longest >= 200 - EARLY_MS, `${longest} ms without a write`);
  await far.resume();
});

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

row('C075 address() is the local end', async (s) => {
  const { socket, far } = await accepted(s);
  const { remotePort, remoteAddress } = await far.state();
  const expected = { port: remotePort, family: 'IPv4', address: remoteAddress };
  assert.deepEqual(socket.address(), expected);
  const there = await peer.listen({ host: '::1' });
  const six = s.connect(there.port, '::1');
  await event(six, 'connect');
  const state = await (await there.accept()).state();
  assert.deepEqual(six.address(), { port: state.remotePort, family: 'IPv6', address: '::1' });
});

/** Connects to the port and, by default, stays there. */
function client(s: Scope, port: number, calls: string) {
  const text = `
    const socket = net.connect(${port}, '127.0.0.1', () => { ${calls} console.log('connected'); });
    socket.on('data', (data) => { console.log('got ' + data); socket.end(); });`;
  return script(s, s.profile, text);
}

row('C076 an unreferenced socket lets the program end, unref() twice or not', async (s) => {
  const there = await peer.listen();
  for (const calls of [
    'socket.unref();',
    'socket.unref().unref();',
    'socket.ref().ref().unref();',
  ]) {
    const child = client(s, there.port, calls);
    const far = await there.accept();
    assert.equal(await child.exit(), 0);
    assert.match(child.output, /^connected\n$/);
    await far.until({ closed: true });
  }
});

row('C076 ref() undoes unref(), whether that was once or twice', async (s) => {
  const there = await peer.listen();
  for (const calls of ['socket.unref().ref();', 'socket.unref().unref().ref();', '']) {
    const child = client(s, there.port, calls);
    const far = await there.accept();
    await child.printed(/connected\n/);
    await far.write('word');
    assert.equal(await child.exit(), 0);
    assert.match(child.output, /got word\n$/);
  }
});

row('C077 remoteAddress and remotePort, on IPv4 and IPv6', async (s) => {
  for (const host of ['127.0.0.1', '::1']) {
    const there = await peer.listen({ host });
    const socket = s.connect(there.port, host);
    await event(socket, 'connect');
    assert.deepEqual([socket.remoteAddress, socket.remotePort], [host, there.port]);
    const server = s.server().listen(0, host);
    await event(server, 'listening');
    const connection = s.connection(server);
    const { port } = server.address() as { port: number };
    const far = await peer.connect({ port, host });
    const { remoteAddress, remotePort } = await connection;
    const { localAddress, localPort } = await far.state();
    assert.deepEqual([remoteAddress, remotePort], [localAddress, localPort]);
  }
});

row('C078 localAddress is the address that the client came to', async (s) => {
  const server = s.server().listen(0, '0.0.0.0');
  await event(server, 'listening');
  const { port } = server.address() as { port: number };
  for (const host of ['127.0.0.1', '127.0.0.5']) {
    const connection = s.connection(server);
    await peer.connect({ port, host });
    const { localAddress, localPort } = await connection;
    assert.deepEqual([localAddress, localPort], [host, port]);
  }
  const { socket, far } = await connected(s);
  const { remoteAddress, remotePort } = await far.state();
  assert.deepEqual([socket.localAddress, socket.localPort], [remoteAddress, remotePort]);
});

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

row('C087 setTimeout before connect holds once the connection stands', async (s) => {
  const there = await peer.listen();
  const socket = s.own(new s.net.Socket()).setTimeout(50);
  socket.connect(there.port, '127.0.0.1');
  // It counts while connecting, too: on a slow machine it may fire there first.
  await event(socket, 'connect');
  await event(socket, 'timeout');
  assert.deepEqual([socket.connecting, socket.destroyed], [false, false]);
});

row('C087 setTimeout before connect counts from the connection on', async (s) => {
  const link = { latencyMs: 20, jitterMs: 0 };
  const options = { profile: s.profile, hosts: ['near', 'far'], link };
  // In virtual time, as the connection must stand before the time is over.
  const log = await simulate(options, async ({ hosts, clock }) => {
    const server = hosts['far']?.net.createServer().listen(1);
    const Socket = hosts['near']?.net.Socket;
    assert(server && Socket);
    const socket = new Socket().setTimeout(50).connect(1, 'far');
    const seen = new Map<string, number>();
    for (const name of ['connect', 'timeout']) socket.on(name, () => seen.set(name, clock.now()));
    await once(socket, 'timeout');
    socket.destroy();
    server.close();
    return seen;
  });
  const [connect = 0, timeout = 0] = [log.get('connect'), log.get('timeout')];
  assert.ok(connect >= 40 && connect < 50, `connected after ${connect} ms`);
  assert.ok(timeout >= connect + 50, `timed out after ${timeout} ms`);
});

row('C087 unref and ref before connect', async (s) => {
  const path = join(s.folder(), 'there');
  const there = await peer.listen({ path });
  const text = (calls: string): string => `
    const socket = new net.Socket()${calls}.connect('${path}');
    socket.on('data', (data) => { console.log('got ' + data); socket.end(); });`;
  const gone = script(s, s.profile, text('.unref()'));
  assert.equal(await gone.exit(), 0);
  await there.accept();
  const stays = script(s, s.profile, text('.unref().ref()'));
  await (await there.accept()).write('word');
  assert.equal(await stays.exit(), 0);
  assert.equal(stays.output, 'got word\n');
  await turns();
});
