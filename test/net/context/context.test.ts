/** AsyncLocalStorage, async_hooks and diagnostics_channel: a socket's context and its traces. */
import assert from 'node:assert/strict';
import { createHook } from 'node:async_hooks';
import { type Channel, channel } from 'node:diagnostics_channel';
import { join } from 'node:path';
import { assertAll, asyncId, storage, stores } from '../../kit/contexts.js';
import { peer } from '../../kit/peer.js';
import { row, type Scope, type Server, type Socket } from '../../kit/row.js';
import { event, turns, until, within } from '../../kit/wait.js';

type Enter = <T>(store: string, body: () => T) => T;

/** The two ways into a context. After `enterWith` the caller is in it as well, until it leaves. */
const WAYS: readonly (readonly [string, Enter])[] = [
  ['run', (store, body) => storage.run(store, body)],
  [
    'enterWith',
    (store, body) => {
      const before = storage.getStore() as string;
      storage.enterWith(store);
      try {
        return body();
      } finally {
        storage.enterWith(before);
      }
    },
  ],
];

const BIG = 8_000_000;

for (const [way, enter] of WAYS) {
  row(`${way}: a client's handlers hold what connect held`, async (s) => {
    const there = await peer.listen({ host: '127.0.0.1', pauseOnConnect: true });
    const names = ['connectionAttempt', 'connect', 'ready', 'data', 'drain', 'timeout'];
    const all = [...names, 'finish', 'end', 'close', 'write callback'];
    const socket = enter('made', () => {
      const made = s.connect(there.port, '127.0.0.1').setTimeout(50);
      made.once('connect', () => {
        made.write(Buffer.alloc(BIG), () => made.emit('write callback'));
        made.write('last');
      });
      return made;
    });
    const seen = stores(socket, all);
    const far = await there.accept();
    await until(() => seen.has('timeout') && seen.has('connect'), 'the time-out');
    const drained = event(socket, 'drain');
    await far.resume();
    await drained;
    await far.write('hello');
    await far.until({ bytes: BIG + 4 });
    const closed = event(socket, 'close');
    await far.end();
    await closed;
    assertAll(seen, all, 'made');
  });

  // nodejs/node#40693, nodejs/node#41285
  row(`${way}: the callback of end holds what end held`, async (s) => {
    const there = await peer.listen({ host: '127.0.0.1' });
    type End = (socket: Socket, done: () => void) => unknown;
    const ends: Readonly<Record<string, End>> = {
      'end(cb)': (socket, done) => socket.end(done),
      'end(data, cb)': (socket, done) => socket.end('z', done),
      'end(data, encoding, cb)': (socket, done) => socket.end('7a', 'hex', done),
      'end(much, cb)': (socket, done) => socket.end(Buffer.alloc(BIG), done),
      'write, end(cb)': (socket, done) => {
        socket.write('z');
        socket.end(done);
      },
      'write much, end(data, cb)': (socket, done) => {
        // write() says true where the peer reads so fast that the kernel takes it all.
        socket.write(Buffer.alloc(BIG));
        socket.end('z', done);
      },
      'end(cb), destroyed': (socket, done) => socket.end(done).destroy(),
    };
    for (const [name, end] of Object.entries(ends)) {
      for (const early of [false, true]) {
        const socket = enter('made', () => s.connect(there.port, '127.0.0.1'));
        if (!early) await event(socket, 'connect');
        const called = new Promise<unknown>((resolve) => {
          enter('end', () => end(socket, () => resolve(storage.getStore())));
        });
        assert.equal(await within(called, name), 'end', `${name}${early ? ', early' : ''}`);
      }
    }
  });

  row(`${way}: a failed client's error and close hold what connect held`, async (s) => {
    const path = join(s.folder(), 'nobody');
    for (const target of [
      { port: 1, host: '127.0.0.1' },
      { path },
      { port: 1, host: 'localhost' },
    ]) {
      const socket = enter('made', () => s.connect(target));
      const seen = stores(socket, ['error', 'close']);
      await event(socket, 'close');
      assertAll(seen, ['error', 'close'], 'made');
    }
  });

  row(`${way}: accepted sockets' handlers hold what listen held`, async (s) => {
    const server = enter('created', () => s.server());
    const serverSeen = stores(server, ['listening', 'connection']);
    enter('listen', () => server.listen(0, '127.0.0.1'));
    await event(server, 'listening');
    const { port } = server.address() as { port: number };
    const names = ['data', 'drain', 'timeout', 'finish', 'end', 'close', 'write callback'];
    let seen = new Map<string, Set<unknown>>();
    const closed = new Promise<void>((resolve) => {
      server.once('connection', (socket) => {
        seen = stores(socket, names);
        socket.setTimeout(50);
        socket.write(Buffer.alloc(BIG), () => socket.emit('write callback'));
        socket.once('close', () => resolve());
      });
    });
    const far = await enter('elsewhere', () => peer.connect({ port, paused: true }));
    await until(() => seen.has('timeout'), 'the time-out');
    await far.resume();
    await until(() => seen.has('drain'), 'drain');
    await far.write('hello');
    await far.end();
    await closed;
    assertAll(serverSeen, ['listening', 'connection'], 'listen');
    assertAll(seen, names, 'listen');
  });

  row(`${way}: nothing leaks from one socket to another`, async (s) => {
    const there = await peer.listen({ host: '127.0.0.1' });
    const sockets: { store: string; seen: Map<string, Set<unknown>> }[] = [];
    const server = s.server((socket) => {
      // What a handler enters is for that connection's own work, and not for the next one's.
      storage.enterWith(`server of ${socket.remotePort}`);
      socket.resume();
    });
    const accepted = new Set<unknown>();
    server.prependListener('connection', () => accepted.add(storage.getStore()));
    const own = await s.port(server);
    const closed = [];
    for (let i = 0; i < 20; i++) {
      const store = `client ${i}`;
      const port = i % 2 === 0 ? there.port : own;
      const socket = enter(store, () => s.connect(port, '127.0.0.1'));
      sockets.push({ store, seen: stores(socket, ['connect', 'finish', 'close']) });
      closed.push(event(socket, 'close'));
      socket.once('connect', () => {
        storage.enterWith('entered in connect');
        socket.end('bye');
      });
      socket.resume();
    }
    for (let i = 0; i < 10; i++) await (await there.accept()).end();
    await Promise.all(closed);
    for (const { store, seen } of sockets) assertAll(seen, ['connect', 'close'], store);
    assert.equal(storage.getStore(), undefined);
    for (const one of accepted) assert.ok(!String(one).startsWith('client'), String(one));
  });
}

row('enterWith in a handler of connect does not reach those of data', async (s) => {
  const path = join(s.folder(), 's');
  const there = await peer.listen({ host: '127.0.0.1' });
  const onPath = await peer.listen({ path });
  for (const [listening, target] of [
    [there, { port: there.port, host: '127.0.0.1' }],
    [onPath, { path }],
  ] as const) {
    const socket = storage.run('made', () => s.connect(target));
    socket.on('connect', () => storage.enterWith('connect'));
    const seen = stores(socket, ['data']);
    const data = event(socket, 'data');
    await event(socket, 'connect');
    await (await listening.accept()).write('x');
    await data;
    assertAll(seen, ['data'], 'made');
  }
});

interface Traced {
  readonly type: string;
  destroyed: boolean;
}

/** What async_hooks tells until the test ends. */
function traced(s: Scope): Map<number, Traced> {
  const found = new Map<number, Traced>();
  const hook = createHook({
    init(id, type) {
      found.set(id, { type, destroyed: false });
    },
    destroy(id) {
      const one = found.get(id);
      if (one !== undefined) one.destroyed = true;
    },
  }).enable();
  s.defer(() => hook.disable());
  return found;
}

row('sockets and servers have async ids, which async_hooks sees come and go', async (s) => {
  const path = join(s.folder(), 's');
  const where = [
    { to: { port: 0, host: '127.0.0.1' }, socket: 'TCPWRAP', server: 'TCPSERVERWRAP' },
    { to: { path }, socket: 'PIPEWRAP', server: 'PIPESERVERWRAP' },
  ];
  for (const { to, socket: socketType, server: serverType } of where) {
    const seen = traced(s);
    const server = s.server();
    server.listen(to);
    await event(server, 'listening');
    // Once somebody has looked at the server's handle, connections are made another way.
    if (to.path === undefined) assert.ok(asyncId(server) > 0);
    const address = server.address() as { port: number };
    const connection = s.connection(server);
    const client = s.connect(to.path === undefined ? { ...to, port: address.port } : { path });
    const socket = await connection;
    if (client.connecting) await event(client, 'connect');
    const ids = [asyncId(client), asyncId(socket), asyncId(server)];
    assert.ok(ids.every((id) => id > 0));
    assert.equal(new Set(ids).size, 3);
    assert.deepEqual(
      ids.map((id) => seen.get(id)),
      [socketType, socketType, serverType].map((type) => ({ type, destroyed: false })),
    );
    const closed = Promise.all([event(client, 'close'), event(server, 'close')]);
    client.destroy();
    socket.destroy();
    server.close();
    await closed;
    await until(() => ids.every((id) => seen.get(id)?.destroyed === true), 'destroy');
  }
});

/** What a channel publishes until the test ends. */
function published(s: Scope, name: string): unknown[] {
  const messages: unknown[] = [];
  const subscriber: Parameters<Channel['subscribe']>[0] = (message) => messages.push(message);
  const on = channel(name);
  on.subscribe(subscriber);
  s.defer(() => on.unsubscribe(subscriber));
  return messages;
}

row('net.client.socket and net.server.socket publish each socket', async (s) => {
  const clients = published(s, 'net.client.socket');
  const accepted = published(s, 'net.server.socket');
  const server = s.server();
  const port = await s.port(server);
  const connection = s.connection(server);
  const client = s.connect(port, '127.0.0.1');
  assert.deepEqual(clients, [{ socket: client }]);
  const socket = await connection;
  await turns();
  assert.equal(accepted.length, 1);
  assert.equal((accepted[0] as { socket: Socket }).socket, socket);
  assert.equal((clients[0] as { socket: Socket }).socket, client);
});

row('tracing:net.server.listen publishes asyncStart, asyncEnd and error', async (s) => {
  const of = (name: string) => published(s, `tracing:net.server.listen:${name}`);
  const [start, end, failed] = [of('asyncStart'), of('asyncEnd'), of('error')];
  const server = s.server();
  const options = { port: 0, host: '127.0.0.1' };
  server.listen(options);
  assert.equal(start.length, 1);
  const started = start[0] as { server: Server; options: object };
  assert.equal(started.server, server);
  assert.deepEqual({ ...started.options }, options);
  await event(server, 'listening');
  assert.equal(end.length, 1);
  assert.equal((end[0] as { server: Server }).server, server);
  assert.equal(failed.length, 0);

  const second = s.server();
  const { port } = server.address() as { port: number };
  second.listen({ port, host: '127.0.0.1' });
  const [error] = await event<[Error]>(second, 'error');
  const message = failed[0] as { server: Server; error: Error };
  assert.deepEqual([failed.length, message.server, message.error], [1, second, error]);
  assert.deepEqual([start.length, end.length], [2, 1]);
});
