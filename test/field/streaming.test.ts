/** What bit users of `net` once connected; see the reference at each test. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { linux } from '#internal/sys/linux';
import { systemHost } from '#internal/transport/host';
import { descriptorOf, option } from '../contract/kit/kernel.js';
import { accepted, connected, fillUp } from '../contract/kit/pair.js';
import { peer } from '../contract/kit/peer.js';
import { pattern } from '../contract/kit/peer_calls.js';
import { program, script } from '../contract/kit/program.js';
import { row, type Scope, type Socket } from '../contract/kit/row.js';
import { delay, event, logOf, turns, until, within } from '../contract/kit/wait.js';
import { need } from '../support/tools.js';

function sha1(...chunks: Uint8Array[]): string {
  const hash = createHash('sha1');
  for (const chunk of chunks) hash.update(chunk);
  return hash.digest('hex');
}

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

/** How often the reactor is woken in some time in which nothing happens. */
async function wakeUps(): Promise<number> {
  const { reactor } = systemHost();
  const before = reactor.turn;
  await delay(100);
  return reactor.turn - before;
}

// libuv/libuv#4323
row('a closed descriptor whose description lives on wakes nobody', async (s) => {
  const { socket, far } = await accepted(s);
  const copy = linux.dup(descriptorOf(socket.localPort ?? 0, socket.remotePort ?? 0));
  assert.ok(copy >= 0);
  s.defer(() => linux.close(copy, -1));
  socket.destroy();
  await event(socket, 'close');
  await far.write('to the copy');
  await until(() => linux.pending(copy, linux.constants.FIONREAD) === 11, 'the bytes');
  await far.end();
  assert.ok((await wakeUps()) < 5);
});

// libuv/libuv#4997
row('everything that was sent before the peer was gone arrives', async (s) => {
  const path = join(s.folder(), 'here');
  const server = s.server({ pauseOnConnect: true }).listen(path);
  await event(server, 'listening');
  for (const bytes of [1, 65536, 100_000, 150_001]) {
    const accepting = s.connection(server);
    const far = await peer.connect({ path });
    const socket = await accepting;
    await far.fill(bytes);
    await far.until({ flushed: true });
    await far.destroy();
    await far.until({ closed: true });
    const chunks: Buffer[] = [];
    const closed = event(socket, 'close');
    socket.on('data', (chunk: Buffer) => chunks.push(chunk)).resume();
    await closed;
    assert.equal(sha1(...chunks), sha1(pattern(bytes)), `${bytes} bytes`);
  }
});

/** Seconds of processor time that a process has used; the kernel counts hundredths. */
function processorSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

function limitDescriptors(pid: number, limit: number): void {
  need('prlimit');
  execFileSync('prlimit', ['--pid', String(pid), `--nofile=${limit}:`]);
}

// joyent/libuv#690
row('out of descriptors the server waits without spinning, and goes on after', async (s) => {
  const child = script(
    s,
    s.profile,
    `let n = 0;
    net.createServer(() => console.log('accepted ' + ++n))
      .listen(0, '127.0.0.1', function () { console.log('port ' + this.address().port); });`,
  );
  await child.printed(/port \d+\n/);
  const port = Number(/port (\d+)/.exec(child.output)?.[1]);
  const pid = child.child.pid ?? 0;
  await peer.connect({ port });
  await child.printed(/accepted 1\n/);
  const used = new Set(readdirSync(`/proc/${pid}/fd`).map(Number));
  let free = 0;
  while (used.has(free)) free++;
  limitDescriptors(pid, free + 1);
  for (let i = 0; i < 5; i++) await peer.connect({ port });
  await child.printed(/accepted 2\n/);
  const before = processorSeconds(pid);
  await delay(400);
  assert.ok(processorSeconds(pid) - before < 0.2, 'it spins');
  assert.doesNotMatch(child.output, /accepted 3/);
  limitDescriptors(pid, 200);
  await child.printed(/accepted 6\n/);
});

// oven-sh/bun#32087
row('chunks that are written in parts arrive whole, once and in order', async (s) => {
  const { socket, far } = await connected(s, { pauseOnConnect: true });
  const whole = pattern(12_000_000);
  socket.cork();
  for (let at = 0, size = 1; at < whole.length; at += size) {
    size = 1 + ((at * 7919) % 60_000);
    socket.write(whole.subarray(at, at + size));
  }
  socket.uncork();
  await turns();
  assert.ok(socket.writableLength > 0);
  await far.resume();
  assert.equal((await far.until({ bytes: whole.length })).sha1, sha1(whole));
});

// oven-sh/bun#42403
row('timeout fires while the write queue stalls', async (s) => {
  const { socket } = await connected(s, { pauseOnConnect: true });
  socket.setTimeout(100);
  fillUp(socket);
  await event(socket, 'timeout');
  assert.ok(socket.writableLength > 0);
});

async function onreadSocket(s: Scope, callback: (this: Socket, bytes: number) => boolean) {
  const there = await peer.listen({ host: '127.0.0.1' });
  const onread = { buffer: Buffer.alloc(4096), callback };
  const socket = s.connect({ port: there.port, host: '127.0.0.1', onread });
  const far = await there.accept();
  return { socket, far };
}

// oven-sh/bun#42444
row('onread goes on after false, pause, resume and read', async (s) => {
  const total = 300_000;
  let bytes = 0;
  let calls = 0;
  const { socket, far } = await onreadSocket(s, (count) => {
    bytes += count;
    const turn = ++calls % 4;
    if (turn === 1) setImmediate(() => socket.resume());
    if (turn === 2) setImmediate(() => socket.pause().resume());
    if (turn === 3) setImmediate(() => socket.read());
    return turn === 0;
  });
  const ended = event(socket, 'end');
  await far.fill(total);
  await far.end();
  await until(
    () => bytes === total,
    () => `${bytes} of ${total}`,
  );
  await ended;
});

// oven-sh/bun#35086
row('getConnections answers after close', async (s) => {
  const server = s.server((socket) => socket.resume());
  const far = await peer.connect({ port: await s.port(server) });
  await until(() => (server as { connections?: number }).connections === 1, 'the connection');
  const count = (): Promise<number> =>
    within(
      new Promise((resolve) => server.getConnections((_error, n) => resolve(n))),
      'getConnections',
    );
  const closed = event(server, 'close');
  server.close();
  assert.equal(await count(), 1);
  await far.end();
  await closed;
  assert.equal(await count(), 0);
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

// oven-sh/bun#31155: another program sees it
row('keep-alive is seen by another program', async (s) => {
  const { socket, far } = await connected(s);
  const { localPort } = await far.state();
  socket.setKeepAlive(true, 30_000);
  need('ss');
  const ss = program(s, 'ss', ['-Htno', `dport = :${localPort}`]);
  assert.equal(await ss.exit(), 0);
  assert.match(ss.output, /timer:\(keepalive,/);
});
