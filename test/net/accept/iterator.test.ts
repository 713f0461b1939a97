/** `for await` over a server: connections one by one, and the ends of such a loop. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import * as builtin from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type AddressInfo, createServer, type Server, type Socket } from 'barewire';
import * as node from 'barewire/node';
import { test } from '../../kit/test.js';

async function listening(create = createServer): Promise<Server> {
  const server = create().listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

/** Connections of clients that are not ours. */
async function clients(server: Server, count: number): Promise<builtin.Socket[]> {
  const { port } = server.address() as AddressInfo;
  const made = Array.from({ length: count }, () => builtin.connect(port, '127.0.0.1'));
  for (const socket of made) socket.on('error', () => {}).resume();
  await Promise.all(made.map((socket) => once(socket, 'connect')));
  return made;
}

async function connections(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.getConnections((error, count) => (error ? reject(error) : resolve(count)));
  });
}

/**
 * Often enough round the loop to accept all that it is going to. One long sleep is not: on a busy
 * machine it may be over before the loop has looked once.
 */
async function settled(): Promise<void> {
  for (let i = 0; i < 6; i++) await sleep(10);
}

async function closed(server: Server, made: readonly builtin.Socket[]): Promise<void> {
  for (const socket of made) socket.destroy();
  server.close();
  await once(server, 'close');
}

for (const [profile, create] of [
  ['barewire', createServer],
  ['barewire/node', node.createServer],
] as const) {
  test(`${profile}: for await gives each connection, and ends when the server closes`, async () => {
    const server = await listening(create);
    const loop = (async () => {
      let count = 0;
      for await (const socket of server) {
        socket.end('hello');
        if (++count === 5) server.close();
      }
      return count;
    })();
    await Promise.all((await clients(server, 5)).map((client) => once(client, 'close')));
    assert.equal(await loop, 5);
    assert.equal(server.listenerCount('connection'), 0);
    assert.equal(server.listenerCount('error'), 0);
  });
}

test('a loop that is behind leaves connections in the backlog', async () => {
  const server = await listening();
  const iterator = server[Symbol.asyncIterator]();
  const made = await clients(server, 5);
  await settled();
  assert.equal(await connections(server), 0, 'nothing is accepted before it is asked for');
  for (const expected of [1, 2, 3]) {
    assert.equal((await iterator.next()).done, false);
    await settled();
    assert.equal(await connections(server), expected);
  }
  await iterator.return?.();
  await closed(server, made);
});

test('iteration may begin before the server listens', async () => {
  const server = createServer();
  const iterator = server[Symbol.asyncIterator]();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const made = await clients(server, 2);
  await settled();
  assert.equal(await connections(server), 0);
  const { value } = await iterator.next();
  assert.equal(
    value?.remotePort,
    made.map((socket) => socket.localPort).find((port) => port === value?.remotePort),
  );
  await iterator.return?.();
  await closed(server, made);
});

test('several next() at once each get a connection', async () => {
  const server = await listening();
  const iterator = server[Symbol.asyncIterator]();
  const results = Promise.all([iterator.next(), iterator.next(), iterator.next()]);
  const made = await clients(server, 4);
  const ports = (await results).map(({ value }) => value?.remotePort);
  assert.equal(new Set(ports).size, 3);
  await settled();
  assert.equal(await connections(server), 3);
  await iterator.return?.();
  await closed(server, made);
});

test('break leaves the server listening, and the next loop gets what came meanwhile', async () => {
  const server = await listening();
  const made = await clients(server, 3);
  const ports: (number | undefined)[] = [];
  const take = async (): Promise<void> => {
    for await (const socket of server) {
      ports.push(socket.remotePort);
      break;
    }
    await settled();
  };
  // The three that came before anybody listened were accepted for nobody; these are not.
  await settled();
  for (const socket of made) socket.destroy();
  const later = take();
  const second = await clients(server, 3);
  await later;
  assert.equal(server.listening, true);
  await take();
  await take();
  assert.deepEqual(ports.sort(), second.map((socket) => socket.localPort).sort());
  await closed(server, second);
});

test("after break a listener for 'connection' gets the connections", async () => {
  const server = await listening();
  const iterator = server[Symbol.asyncIterator]();
  const made = await clients(server, 2);
  await iterator.next();
  await iterator.return?.();
  await settled();
  assert.equal(await connections(server), 1);
  const got = once(server, 'connection');
  const [socket] = (await got) as [Socket];
  assert.ok(made.some((client) => client.localPort === socket.remotePort));
  await closed(server, made);
});

test('two loops each get every connection', async () => {
  const server = await listening();
  const iterators = [server[Symbol.asyncIterator](), server[Symbol.asyncIterator]()] as const;
  const made = await clients(server, 2);
  const [a, b] = await Promise.all(iterators.map((iterator) => iterator.next()));
  assert.equal(a?.value, b?.value);
  const slow = iterators[0].next();
  await settled();
  assert.equal(await connections(server), 1, 'the slower loop holds the other up');
  const fast = iterators[1].next();
  assert.equal((await slow).value, (await fast).value);
  for (const iterator of iterators) await iterator.return?.();
  await closed(server, made);
});

test("the server's 'error' rejects the iteration and ends it", async () => {
  const server = await listening();
  const iterator = server[Symbol.asyncIterator]();
  const pending = [iterator.next(), iterator.next()] as const;
  server.emit('error', new Error('planted'));
  await assert.rejects(pending[0], /planted/);
  assert.deepEqual(await pending[1], { done: true, value: undefined });
  assert.deepEqual(await iterator.next(), { done: true, value: undefined });
  const late = server[Symbol.asyncIterator]();
  server.emit('error', new Error('kept'));
  await assert.rejects(late.next(), /kept/);
  assert.equal((await late.next()).done, true);
  await closed(server, []);
});

test('a failed listen rejects a loop that waits already', async () => {
  const first = await listening();
  const server = createServer();
  const next = server[Symbol.asyncIterator]().next();
  server.listen((first.address() as AddressInfo).port, '127.0.0.1');
  await assert.rejects(next, { code: 'EADDRINUSE' });
  await closed(first, []);
});

test('a signal ends the iteration with an AbortError at any time', async () => {
  const server = await listening();
  const reason = new Error('enough');
  const expected = { name: 'AbortError', code: 'ABORT_ERR', cause: reason };
  const aborted = AbortSignal.abort(reason);
  await assert.rejects(server[Symbol.asyncIterator]({ signal: aborted }).next(), expected);
  for (const wait of [true, false]) {
    const controller = new AbortController();
    const iterator = server[Symbol.asyncIterator]({ signal: controller.signal });
    const early = wait ? iterator.next() : null;
    controller.abort(reason);
    await assert.rejects(early ?? iterator.next(), expected);
    assert.equal((await iterator.next()).done, true);
  }
  assert.equal(server.listenerCount('connection'), 0);
  const wrong = { signal: 5 };
  assert.throws(() => Reflect.apply(server[Symbol.asyncIterator], server, [wrong]), {
    code: 'ERR_INVALID_ARG_TYPE',
  });
  await closed(server, []);
});

test('throw() ends the iteration with that error', async () => {
  const server = await listening();
  const iterator = server[Symbol.asyncIterator]();
  assert.equal(iterator[Symbol.asyncIterator](), iterator);
  await assert.rejects(async () => iterator.throw?.(new Error('mine')), /mine/);
  assert.equal((await iterator.next()).done, true);
  assert.equal(server.listenerCount('close'), 0);
  await closed(server, []);
});
