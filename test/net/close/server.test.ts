/** Closing a server: what it waits for, its callback, `Symbol.asyncDispose`. */
import assert from 'node:assert/strict';
import { createServer as createHttpServer } from 'node:http';
import { loose } from '../../kit/bad-arguments.js';
import { peer } from '../../kit/peer.js';
import { onProfile, row, type Scope, type Server } from '../../kit/row.js';
import { answers, count, echo } from '../../kit/servers.js';
import { event, logOf, turns, until } from '../../kit/wait.js';

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

async function disposed(server: Server): Promise<string[]> {
  const log = logOf(server, 'close');
  await server[Symbol.asyncDispose]();
  return log;
}

row('Symbol.asyncDispose closes the server, and is fine where it does not listen', async (s) => {
  const idle = s.server();
  assert.deepEqual(await disposed(idle), []);
  const server = s.server();
  const port = await s.port(server);
  const connection = event(server, 'connection');
  const client = await peer.connect({ port });
  await connection;
  let done = false;
  const closing = server[Symbol.asyncDispose]().then(() => {
    done = true;
  });
  assert.equal(await peer.tryConnect({ port }), 'ECONNREFUSED');
  await turns();
  assert.equal(done, false, 'it waits for the connections');
  await client.end();
  await closing;
  assert.deepEqual(await disposed(server), []);
});

// One of Node's own tests, in our words.
row('close takes what is no function, and tells an idle server’s callback', async (s) => {
  const server = s.server();
  await s.port(server);
  server.close(loose('no function'));
  await event(server, 'close');
  const error = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
    server.close(resolve);
  });
  assert.equal(error?.code, 'ERR_SERVER_NOT_RUNNING');
});

// One of Node's own tests, in our words.
row('disposing of a server closes it, listening or not', async (s) => {
  const server = s.server();
  await s.port(server);
  await server[Symbol.asyncDispose]();
  assert.equal(server.listening, false);
  await server[Symbol.asyncDispose]();
});

// D net_test.ts "the port is available immediately after close callback"
row('the port is free in the callback of close', async (s) => {
  for (let i = 0; i < 5; i++) {
    const server = s.server();
    const port = await s.port(server);
    await new Promise<void>((resolve, reject) => {
      server.close(() => {
        const next = createHttpServer().on('error', reject);
        next.listen(port, '127.0.0.1', () => next.close(() => resolve()));
      });
    });
  }
});
