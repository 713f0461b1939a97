/**
 * Handlers of accepted sockets run in the asynchronous context of `listen`. A socket gets an async
 * resource of its own only once something needs it.
 */
import assert from 'node:assert/strict';
import { createHook, executionAsyncId } from 'node:async_hooks';
import { join } from 'node:path';
import { assertAll, asyncId, storage, stores } from '../../kit/contexts.js';
import { peer } from '../../kit/peer.js';
import { row, type Socket } from '../../kit/row.js';
import { event, turns, until } from '../../kit/wait.js';

row('an accepted socket has an async id of its own from its first handler on', async (s) => {
  const inits: { id: number; type: string; trigger: number }[] = [];
  const hook = createHook({
    init: (id, type, trigger) => inits.push({ id, type, trigger }),
  }).enable();
  s.defer(() => hook.disable());
  const path = join(s.folder(), 's');
  for (const [where, type] of [
    [{ port: 0, host: '127.0.0.1' }, 'TCPWRAP'],
    [{ path }, 'PIPEWRAP'],
  ] as const) {
    const server = s.server();
    storage.run('listen', () => server.listen(where));
    await event(server, 'listening');
    const to = 'path' in where ? { path } : (server.address() as { port: number });
    const found = () => inits.filter((one) => one.type === type);
    const sockets: Socket[] = [];
    const fars = [];
    for (let i = 0; i < 2; i++) {
      const connection = s.connection(server);
      fars.push(await peer.connect(to));
      sockets.push(await connection);
    }
    await turns();
    assert.deepEqual(found(), [], 'nothing has happened on them');
    const seen: { id: number; store: unknown }[][] = [[], []];
    for (const [i, socket] of sockets.entries()) {
      socket.on('data', () => {
        seen[i]?.push({ id: executionAsyncId(), store: storage.getStore() });
        storage.enterWith(`socket ${i}`);
      });
    }
    for (const [i, far] of [...fars, ...fars].entries()) {
      const count = Math.floor(i / 2) + 1;
      await far.write('x');
      await until(() => seen[i % 2]?.length === count, 'data');
    }
    const ids = sockets.map(asyncId);
    assert.equal(found().length, 2);
    assert.deepEqual(
      found().map(({ id }) => id),
      ids,
    );
    assert.deepEqual(
      found().map(({ trigger }) => trigger),
      [asyncId(server), asyncId(server)],
    );
    for (const [i, both] of seen.entries()) {
      assert.deepEqual(
        both.map(({ id }) => id),
        [ids[i], ids[i]],
      );
      assert.equal(both[0]?.store, 'listen');
      assert.notEqual(both[1]?.store, `socket ${1 - i}`);
    }
    const closed = Promise.all(sockets.map((socket) => event(socket, 'close')));
    for (const socket of sockets) socket.destroy();
    await closed;
    inits.length = 0;
  }
});

row('a socket that nothing happened on closes in the context of listen', async (s) => {
  const server = s.server();
  storage.run('listen', () => server.listen(0, '127.0.0.1'));
  await event(server, 'listening');
  const connection = s.connection(server);
  await peer.connect(server.address() as { port: number });
  const socket = await connection;
  const seen = stores(socket, ['close']);
  const closed = event(socket, 'close');
  server.close();
  storage.run('elsewhere', () => socket.destroy());
  await closed;
  assertAll(seen, ['close'], 'listen');
});

row('what connection handlers enter is not what other sockets are in', async (s) => {
  const server = s.server();
  const seen: unknown[] = [];
  const closed: unknown[] = [];
  let destroys = false;
  server.on('connection', (socket) => {
    storage.enterWith('a connection handler');
    socket.on('data', () => seen.push(storage.getStore()));
    socket.on('close', () => closed.push(storage.getStore()));
    if (destroys) storage.run('within', () => socket.destroy());
  });
  storage.run('listen', () => server.listen(0, '127.0.0.1'));
  await event(server, 'listening');
  const { port } = server.address() as { port: number };
  const fars = [];
  for (let i = 0; i < 3; i++) {
    const connection = s.connection(server);
    fars.push(await peer.connect({ port }));
    await connection;
  }
  for (const far of fars) await far.write('x');
  await until(() => seen.length === 3, 'data');
  assert.deepEqual(seen, ['listen', 'listen', 'listen']);
  destroys = true;
  await peer.connect({ port });
  await until(() => closed.length === 1, 'close');
  assert.deepEqual(closed, ['listen']);
});

row('a socket whose server is closed by then has its first handler where listen was', async (s) => {
  const dead = new Set<number>();
  const late: number[] = [];
  const hook = createHook({
    destroy: (id) => dead.add(id),
    before: (id) => {
      if (dead.has(id)) late.push(id);
    },
  }).enable();
  s.defer(() => hook.disable());
  const server = s.server();
  storage.run('listen', () => server.listen(0, '127.0.0.1'));
  await event(server, 'listening');
  const connection = s.connection(server);
  const far = await peer.connect(server.address() as { port: number });
  const socket = await connection;
  const id = asyncId(server);
  server.close();
  await until(() => dead.has(id), "the server's end");
  const seen = stores(socket, ['data']);
  const data = event(socket, 'data');
  await far.write('x');
  await data;
  assertAll(seen, ['data'], 'listen');
  assert.deepEqual(late, []);
});
