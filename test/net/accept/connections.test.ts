/**
 * The connections of a server: `'connection'`, how many there are, how many there may be. B# is
 * oven-sh/bun, D# is denoland/deno.
 */
import assert from 'node:assert/strict';
import { peer } from '../../kit/peer.js';
import { row, type Server, type Socket } from '../../kit/row.js';
import { answers, count, echo } from '../../kit/servers.js';
import { event, logOf, until, within } from '../../kit/wait.js';

row('C046 connections over maxConnections are closed at once, the others go on', async (s) => {
  const server = s.server(echo);
  const port = await s.port(server);
  server.maxConnections = 2;
  const dropped = logOf(server, 'drop');
  const kept = [await peer.connect({ port }), await peer.connect({ port })];
  await until(async () => (await count(server))[1] === 2, 'two connections');
  const third = await peer.connect({ port });
  assert.equal((await third.until({ closed: true })).text, '');
  assert.deepEqual(dropped, ['drop']);
  assert.deepEqual(await count(server), [null, 2]);
  for (const client of kept) {
    await client.write('untouched');
    assert.equal((await client.until({ bytes: 9 })).text, 'untouched');
  }
  await kept[0]?.destroy();
  await until(async () => (await count(server))[1] === 1, 'room');
  await answers(port);
});

row('C047 connections is the number of concurrent connections', async (s) => {
  const server = s.server((socket) => socket.resume()) as Server & { connections: number };
  const port = await s.port(server);
  assert.equal(server.connections, 0);
  const one = await peer.connect({ port });
  await until(() => server.connections === 1, 'one connection');
  const two = await peer.connect({ port });
  await until(() => server.connections === 2, 'two connections');
  await one.destroy();
  await until(() => server.connections === 1, 'one connection again');
  await two.end();
  await until(() => server.connections === 0, 'no connection');
});

row('C048 getConnections calls back later with the number', async (s) => {
  const server = s.server((socket) => socket.resume());
  const port = await s.port(server);
  assert.deepEqual(await count(server), [null, 0]);
  const one = await peer.connect({ port });
  await peer.connect({ port });
  await until(async () => (await count(server))[1] === 2, 'two connections');
  let later = false;
  const answer = new Promise<boolean>((resolve) => {
    server.getConnections(() => resolve(later));
  });
  later = true;
  assert.equal(await answer, true);
  await one.destroy();
  await until(async () => (await count(server))[1] === 1, 'one connection');
});

row('C050 connection is emitted with a Socket for each new connection', async (s) => {
  const server = s.server();
  const port = await s.port(server);
  const seen: Socket[] = [];
  server.on('connection', (socket, ...others: unknown[]) => {
    assert.deepEqual(others, []);
    seen.push(socket);
  });
  const clients = [];
  for (let i = 0; i < 5; i++) clients.push(await peer.connect({ port }));
  await until(() => seen.length === 5, 'five connections');
  const ports = await Promise.all(clients.map(async (one) => (await one.state()).localPort));
  assert.deepEqual(seen.map((socket) => socket.remotePort).sort(), ports.sort());
  for (const socket of seen) assert.ok(socket instanceof s.net.Socket);
});

// B#40917
row('the listener of createServer is a listener like any other', async (s) => {
  let calls = 0;
  const listener = (): void => {
    calls++;
  };
  const server = s.server(listener);
  assert.ok(server.listeners('connection').includes(listener));
  const before = server.listenerCount('connection');
  const made = s.own(new s.net.Socket());
  server.emit('connection', made);
  assert.equal(calls, 1);
  const port = await s.port(server);
  for (let i = 2; i < 4; i++) {
    const accepted = s.connection(server);
    s.connect(port, '127.0.0.1');
    await accepted;
    assert.deepEqual([calls, server.listenerCount('connection')], [i, before]);
  }
});

// D#19755
row('the connection event has the socket as its one argument', async (s) => {
  const server = s.server();
  const port = await s.port(server);
  const seen = event(server, 'connection');
  s.connect(port, '127.0.0.1');
  const args = await seen;
  assert.equal(args.length, 1);
  assert.ok(args[0] instanceof s.net.Socket);
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
