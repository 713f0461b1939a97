/** What bit users of `net` while connecting and listening; see the reference at each test. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import nodeNet from 'node:net';
import { join } from 'node:path';
import type { Lookup } from '#internal/dial/target';
import { linux } from '#internal/sys/linux';
import { peer } from '../contract/kit/peer.js';
import { program, script } from '../contract/kit/program.js';
import { row, type Scope, type Socket } from '../contract/kit/row.js';
import { event, logOf, turns, until } from '../contract/kit/wait.js';
import { need } from '../support/tools.js';

function answering(...addresses: string[]): Lookup {
  const found = addresses.map((address) => ({ address, family: 4 }));
  return (_host, options, callback) => {
    if (options.all) process.nextTick(callback, null, found);
    else process.nextTick(callback, null, addresses[0] ?? '', 4);
  };
}

function openDescriptors(): number {
  return readdirSync('/proc/self/fd').length;
}

// nodejs/node#50479
row('refused addresses leave no descriptor open', async (s) => {
  await event(
    s.connect(1, '127.0.0.1').on('error', () => {}),
    'close',
  );
  const before = openDescriptors();
  for (let i = 0; i < 40; i++) {
    const lookup = answering('127.0.0.2', '127.0.0.3', '127.0.0.4');
    const socket = s.connect({ port: 1, host: 'several.example', lookup }).on('error', () => {});
    await event(socket, 'close');
  }
  assert.ok(openDescriptors() <= before + 2, `${before} to ${openDescriptors()}`);
});

const EVENTS = ['lookup', 'connectionAttempt', 'connectionAttemptFailed', 'connect', 'ready'];

// nodejs/node#51826, nodejs/node#47644, oven-sh/bun#42307; the kit checks for open descriptors
row('destroy while connecting ends it, whatever the event', async (s) => {
  const there = await peer.listen({ host: '127.0.0.1' });
  for (const name of EVENTS) {
    const lookup = answering('127.0.0.2', '127.0.0.1');
    const socket = s.connect({ port: there.port, host: 'several.example', lookup });
    const log = logOf(socket, 'error', 'close');
    // node:net, too, emits 'ready' behind 'connect' whatever the handler did.
    const after = logOf(socket, ...EVENTS.filter((one) => one !== 'ready'));
    socket.once(name, () => {
      socket.destroy();
      after.length = 0;
    });
    await event(socket, 'close');
    await turns();
    assert.deepEqual(log, ['close'], name);
    assert.deepEqual(after, [], `${name}: nothing after destroy`);
  }
});

// nodejs/node#51826
row('destroy inside the lookup function itself, and before it answers', async (s) => {
  for (const when of ['sync', 'inside', 'before'] as const) {
    const late: { answer: () => void } = { answer: () => {} };
    const lookup: Lookup = (_host, _options, callback) => {
      late.answer = () => callback(null, [{ address: '127.0.0.1', family: 4 }]);
      if (when === 'inside') setImmediate(() => socket.destroy());
      if (when === 'sync') late.answer();
    };
    const socket: Socket = s.connect({ port: 1, host: 'a.example', lookup });
    const log = logOf(socket, 'error', 'connect', 'close');
    if (when !== 'inside') socket.destroy();
    await event(socket, 'close');
    late.answer();
    await turns();
    assert.deepEqual(log, ['close'], when);
  }
});

// nodejs/node#41895
row('close before the host is looked up binds nothing, and the program ends', async (s) => {
  const text = `
    const server = net.createServer().listen(0, 'localhost').close();
    server.on('listening', () => console.log('listening'));`;
  const child = script(s, s.profile, text);
  assert.equal(await child.exit(), 0);
  assert.equal(child.output, '');
});

// nodejs/node#60456
row('one socket connected over and over keeps its number of listeners', async (s) => {
  const there = await peer.listen({ host: '127.0.0.1' });
  const socket = s.own(new s.net.Socket()).on('error', () => {});
  const counts = (): string =>
    socket
      .eventNames()
      .map((name) => `${String(name)} ${socket.listenerCount(name)}`)
      .join(', ');
  let first = '';
  for (let i = 0; i < 30; i++) {
    socket.connect(i % 3 === 2 ? 1 : there.port, '127.0.0.1');
    // Some are given up before they stand.
    if (i % 3 === 1) socket.destroy();
    else if (i % 3 === 0) {
      await event(socket, 'connect');
      socket.destroy();
    }
    await event(socket, 'close');
    if (i === 2) first = counts();
  }
  assert.equal(counts(), first);
});

/** The names of UNIX sockets as the kernel lists them; abstract ones begin with '@'. */
function unixNames(): string[] {
  return readFileSync('/proc/net/unix', 'latin1')
    .split('\n')
    .map((line) => line.split(/\s+/)[7] ?? '');
}

let unique = 0;

function abstractName(): string {
  return `barewire-${process.pid}-${unique++}`;
}

// nodejs/node#50889
row('an abstract name is not padded, so that other programs find it', async (s) => {
  // Node's own net is no peer for this: before Node 22 it pads the name itself.
  need('socat');
  const name = abstractName();
  const server = s.server((socket) => socket.end('found')).listen(`\0${name}`);
  await event(server, 'listening');
  assert.deepEqual(
    unixNames().filter((one) => one.startsWith(`@${name}`)),
    [`@${name}`],
  );
  const socat = program(s, 'socat', ['-u', `ABSTRACT-CONNECT:${name}`, '-']);
  assert.equal(await socat.exit(), 0, socat.output);
  assert.equal(socat.output, 'found');
});

// denoland/deno#33872, libuv/libuv#4737
row('an abstract name may hold NULs, and what is behind them counts', async (s) => {
  const name = abstractName();
  for (const tail of ['a', 'b']) {
    const server = s.server((socket) => socket.end(tail)).listen(`\0${name}\0${tail}`);
    await event(server, 'listening');
  }
  for (const tail of ['a', 'b']) {
    const socket = s.connect(`\0${name}\0${tail}`);
    assert.equal(String((await event(socket, 'data'))[0]), tail);
  }
});

// oven-sh/bun#37002
row('a NUL inside a path is EINVAL, and reaches no other path', async (s) => {
  const folder = s.folder();
  const there = await peer.listen({ path: join(folder, 'x') });
  for (const path of [`${folder}/x\0y`, `${folder}/new\0`]) {
    const server = s.server();
    const failed = event<[NodeJS.ErrnoException]>(server, 'error');
    server.listen(path);
    assert.equal((await failed)[0].code, 'EINVAL');
    const socket = s.own(new s.net.Socket());
    const refused = event<[NodeJS.ErrnoException]>(socket, 'error');
    socket.connect(path);
    assert.equal((await refused)[0].code, 'EINVAL');
  }
  assert.deepEqual(readdirSync(folder), ['x']);
  await there.close();
});

/** The code of a failed connection, and the order of its events. */
async function failure(socket: Socket | nodeNet.Socket): Promise<string> {
  const log = logOf(socket, 'connect', 'error', 'close');
  const failed = event<[NodeJS.ErrnoException]>(socket, 'error');
  const closed = event(socket, 'close');
  const [{ code, syscall }] = await failed;
  await closed;
  return `${syscall} ${code} ${log.join()}`;
}

// denoland/deno#21951
row('each failure to connect keeps its own code, and error comes before close', async (s) => {
  const folder = s.folder();
  program(s, 'touch', [join(folder, 'file')]);
  await until(() => readdirSync(folder).length === 1, 'the file');
  const targets: nodeNet.NetConnectOpts[] = [
    { port: 1, host: '127.0.0.1' },
    { port: 80, host: '255.255.255.255' },
    { port: 80, host: '::ffff:0:0' },
    { port: 80, host: '127.0.0.1', localAddress: '203.0.113.7' },
    { port: 80, host: 'no-such-host.invalid' },
    { path: join(folder, 'none') },
    { path: join(folder, 'file') },
    { path: join(folder, 'file', 'below') },
    { path: folder },
  ];
  const codes = new Set<string>();
  for (const target of targets) {
    const ours = await failure(s.connect(target as { path: string }));
    assert.equal(ours, await failure(nodeNet.connect(target)), JSON.stringify(target));
    assert.match(ours, /error,close$/);
    codes.add(ours);
  }
  assert.ok(codes.size >= 6, [...codes].join('; '));
});

/** A port whose queue of connections is full: what connects there stays in SYN_SENT. */
async function blackHole(s: Scope): Promise<number> {
  const { AF_INET, SOCK_STREAM } = linux.constants;
  const listener = linux.socket(AF_INET, SOCK_STREAM, 0);
  s.defer(() => linux.close(listener, -1));
  assert.equal(linux.bind(listener, AF_INET, '127.0.0.1', 0), 0);
  assert.equal(linux.listen(listener, 0), 0);
  const name = linux.getsockname(listener);
  if (typeof name === 'number') throw new Error(`getsockname ${name}`);
  for (let i = 0; i < 2; i++) {
    const filler = nodeNet.connect(name.port, '127.0.0.1').on('error', () => {});
    s.defer(() => filler.destroy());
    if (i === 0) await event(filler, 'connect');
    await turns();
  }
  return name.port;
}

// oven-sh/bun#42398
row('timeout fires while connecting, with a write queued', async (s) => {
  const socket = s.connect(await blackHole(s), '127.0.0.1');
  socket.setTimeout(80);
  socket.write('queued');
  await event(socket, 'timeout');
  assert.equal(socket.connecting, true);
  assert.equal(socket.destroyed, false);
});
