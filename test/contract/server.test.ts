/** C040, C041, C046–C054: servers and their connections. */
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { peer } from './kit/peer.js';
import { onProfile, row, type Scope, type Server, type Socket } from './kit/row.js';
import { event, logOf, turns, until } from './kit/wait.js';

function count(server: Server): Promise<[Error | null, number]> {
  return new Promise((resolve) => {
    server.getConnections((error, n) => resolve([error, n]));
  });
}

function echo(socket: Socket): void {
  socket.pipe(socket);
}

/** That connections are served: one more answers. */
async function answers(port: number): Promise<void> {
  const client = await peer.connect({ port });
  await client.write('ping');
  assert.equal((await client.until({ bytes: 4 })).text, 'ping');
  await client.destroy();
}

row('C040 close stops accepting and keeps the connections; close follows the last', async (s) => {
  const server = s.server(echo);
  const port = await s.port(server);
  const one = await peer.connect({ port });
  const two = await peer.connect({ port });
  await until(async () => (await count(server))[1] === 2, 'two connections');
  const log = logOf(server, 'close');
  server.close();
  assert.equal(await peer.tryConnect({ port }), 'ECONNREFUSED');
  await one.write('still here');
  await one.until({ bytes: 10 });
  await one.end();
  await one.until({ closed: true });
  await until(async () => (await count(server))[1] === 1, 'one connection');
  await two.write('me too');
  assert.equal((await two.until({ bytes: 6 })).text, 'me too');
  assert.deepEqual(log, []);
  const closed = event(server, 'close');
  await two.end();
  await closed;
  assert.deepEqual(log, ['close']);
});

row('C041 the callback of close listens for close', async (s) => {
  const server = s.server();
  await s.port(server);
  const log = logOf(server, 'close');
  const callback = (error?: Error): void => {
    log.push(`callback ${error === undefined}`);
  };
  server.close(callback);
  assert.ok(server.listeners('close').includes(callback));
  assert.deepEqual(log, []);
  await event(server, 'close');
  assert.deepEqual(log, ['close', 'callback true']);
});

row('C041 the callback waits for the connections and hears of a second close', async (s) => {
  const server = s.server();
  const accepted = s.connection(server);
  const client = await peer.connect({ port: await s.port(server) });
  (await accepted).resume();
  let called = 0;
  server.close(() => called++);
  const second = new Promise<unknown>((resolve) => {
    server.close(resolve);
  });
  await turns();
  assert.equal(called, 0);
  await client.end();
  assert.equal(((await second) as NodeJS.ErrnoException).code, 'ERR_SERVER_NOT_RUNNING');
  assert.equal(called, 1);
});

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

row('C051 close is not emitted while connections exist', async (s) => {
  const server = s.server({ allowHalfOpen: true });
  const accepted = s.connection(server);
  const client = await peer.connect({ port: await s.port(server), allowHalfOpen: true });
  const socket = await accepted;
  const log = logOf(server, 'close');
  server.close();
  socket.resume();
  const ended = event(socket, 'end');
  await client.end();
  await ended;
  await turns();
  assert.deepEqual(log, [], 'half a connection is one');
  socket.write('still');
  await client.until({ bytes: 5 });
  assert.deepEqual(log, []);
  const closed = event(server, 'close');
  socket.end();
  await closed;
});

/** The events of a server whose port is in use, with marks of the turns between them. */
async function eventsOfFailure(s: Scope): Promise<string[]> {
  const { port } = await peer.listen({ host: '127.0.0.1' });
  const server = s.server();
  const log = logOf(server, 'error', 'listening', 'close');
  server.on('error', () => setImmediate(() => log.push('turn')));
  server.listen(port, '127.0.0.1');
  await event(server, 'error');
  await turns();
  // A round trip through the kernel, so that nothing can still be on its way.
  await answers(await s.port(s.server(echo)));
  return log;
}

onProfile('barewire', 'C052 close directly follows a server’s error', async (s) => {
  assert.deepEqual(await eventsOfFailure(s), ['error', 'close', 'turn']);
});

onProfile('barewire/node', 'C052 no close follows a failed listen', async (s) => {
  assert.deepEqual(await eventsOfFailure(s), ['error', 'turn']);
});

row('C053 a server is an EventEmitter', (s) => {
  const server = s.server();
  assert.ok(server instanceof EventEmitter);
  let heard: unknown[] = [];
  server.once('anything', (...args: unknown[]) => {
    heard = args;
  });
  assert.equal(server.emit('anything', 1, 2), true);
  assert.deepEqual(heard, [1, 2]);
  assert.equal(server.emit('anything'), false);
});

row('C054 new Server does what createServer does', async (s) => {
  const listener = (socket: Socket): void => {
    socket.on('end', () => socket.end('made by new')).resume();
  };
  const { Server } = s.net;
  class Derived extends Server {}
  const servers = [
    s.ownServer(new Server({ allowHalfOpen: true }, listener)),
    s.ownServer(new Derived({ allowHalfOpen: true }, listener)),
    s.ownServer(new Server(listener)),
    s.ownServer(Server({ allowHalfOpen: true }, listener)),
    s.server({ allowHalfOpen: true }, listener),
  ];
  assert.deepEqual(
    servers.map((server) => server.allowHalfOpen),
    [true, true, false, true, true],
  );
  for (const server of servers) {
    assert.ok(server instanceof Server);
    assert.ok(server.listeners('connection').includes(listener));
    if (!server.allowHalfOpen) continue;
    const client = await peer.connect({ port: await s.port(server), allowHalfOpen: true });
    await client.end();
    assert.equal((await client.until({ ended: true })).text, 'made by new');
  }
});
