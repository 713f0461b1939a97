/** `barewire/promises` and `barewire/node/promises`: `connect`, `listen`, `close` and signals. */
import assert from 'node:assert/strict';
import { getEventListeners, once } from 'node:events';
import * as builtin from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import * as net from 'barewire';

import bare = require('barewire');

import * as nodeNet from 'barewire/node';
import * as nodePromises from 'barewire/node/promises';
import * as promises from 'barewire/promises';
import { socketPath } from '../kit/echo.js';
import { test } from '../kit/test.js';

const { connect, connections, listen } = promises;
const reason = new Error('enough');
const ABORTED = { name: 'AbortError', code: 'ABORT_ERR', cause: reason };

function portOf(server: promises.PromiseServer): number {
  return (server.address() as net.AddressInfo).port;
}

/** A lookup that answers when told to. */
function slowLookup(): { lookup: net.LookupFunction; answer(): void; asked: Promise<void> } {
  let answer = (): void => {};
  let onAsked = (): void => {};
  const asked = new Promise<void>((resolve) => {
    onAsked = resolve;
  });
  return {
    lookup(_name, options, callback) {
      answer = () => {
        if (options.all) callback(null, [{ address: '127.0.0.1', family: 4 }]);
        else callback(null, '127.0.0.1', 4);
      };
      onAsked();
    },
    answer: () => answer(),
    asked,
  };
}

test('promises do not go through a net.connect or net.createServer that was replaced', async () => {
  const { connect: realConnect, createServer: realCreate } = bare;
  const refuse = (): never => assert.fail('went through the replaced one');
  Object.assign(bare, { connect: refuse, createServer: refuse });
  try {
    const server = await listen({ connectionListener: (socket) => socket.end('hello') });
    const socket = await connect(portOf(server), '127.0.0.1');
    assert.equal(String((await once(socket, 'data'))[0]), 'hello');
    socket.destroy();
    server.close();
  } finally {
    Object.assign(bare, { connect: realConnect, createServer: realCreate });
  }
});

test("each profile's promises belong to that profile", async () => {
  assert.equal(net.promises.connect, promises.connect);
  assert.equal(nodeNet.promises.listen, nodePromises.listen);
  assert.equal(promises.BlockList, net.BlockList);
  assert.equal(promises.isIP('::1'), 6);
  const manual = await promises.listen();
  const node = await nodePromises.listen();
  assert.equal((manual.address() as net.AddressInfo).address, '0.0.0.0');
  assert.equal((node.address() as net.AddressInfo).address, '::');
  assert.ok(manual instanceof net.Server);
  await Promise.all([manual.close(), node.close()]);
});

test('listen, connect, for await and close work together, on TCP and on a path', async () => {
  for (const target of [{ host: '127.0.0.1' }, { path: socketPath() }]) {
    const server = await listen('path' in target ? target : { ...target, port: 0 });
    const loop = (async () => {
      for await (const socket of server) socket.end('hello');
    })();
    const client =
      'path' in target ? await connect(target.path) : await connect(portOf(server), '127.0.0.1');
    assert.equal(client.connecting, false);
    assert.equal(client.listenerCount('error') + client.listenerCount('close'), 0);
    let text = '';
    for await (const chunk of client) text += String(chunk);
    assert.equal(text, 'hello');
    await server.close();
    await loop;
  }
});

test('what connects between listen and the loop is not lost', async () => {
  const server = await listen({ host: '127.0.0.1', port: 0 });
  const client = builtin.connect(portOf(server), '127.0.0.1');
  await once(client, 'connect');
  await sleep(50);
  for await (const socket of server) {
    assert.equal(socket.remotePort, client.localPort);
    socket.destroy();
    break;
  }
  client.destroy();
  await server.close();
});

test('connectionListener and the options of createServer reach the server', async () => {
  const connectionListener = (socket: net.Socket): void => {
    socket.end(String(socket.allowHalfOpen));
  };
  const server = await listen({ host: '127.0.0.1', allowHalfOpen: true, connectionListener });
  const client = await connect({ port: portOf(server), host: '127.0.0.1' });
  let text = '';
  for await (const chunk of client) text += String(chunk);
  assert.equal(text, 'true');
  await server.close();
});

test('connect rejects with the error that the callback API emits', async () => {
  const refused = { code: 'ECONNREFUSED', syscall: 'connect', address: '127.0.0.1', port: 1 };
  await assert.rejects(connect(1, '127.0.0.1'), refused);
  await assert.rejects(connect('/nowhere/at/all'), { code: 'ENOENT' });
  await assert.rejects(connect({ port: 70000 }), { code: 'ERR_SOCKET_BAD_PORT' });
  const wrong = Reflect.apply(connect, null, [{ port: 1, signal: 5 }]);
  await assert.rejects(wrong, { code: 'ERR_INVALID_ARG_TYPE' });
});

test('listen rejects with the error that the callback API emits', async () => {
  const server = await listen({ host: '127.0.0.1' });
  const taken = { host: '127.0.0.1', port: portOf(server) };
  await assert.rejects(listen(taken), { code: 'EADDRINUSE', syscall: 'listen' });
  await assert.rejects(listen({ port: 70000 }), { code: 'ERR_SOCKET_BAD_PORT' });
  await assert.rejects(Reflect.apply(listen, null, [80]), { code: 'ERR_INVALID_ARG_TYPE' });
  await server.close();
});

test('connect is given up by its signal before it begins', async () => {
  await assert.rejects(connect({ port: 1, signal: AbortSignal.abort(reason) }), ABORTED);
});

test('connect is given up by its signal during the lookup', async () => {
  const controller = new AbortController();
  const { lookup, answer, asked } = slowLookup();
  const promise = connect({ port: 1, host: 'slow.test', lookup, signal: controller.signal });
  await asked;
  controller.abort(reason);
  await assert.rejects(promise, ABORTED);
  answer();
});

test('connect is given up by its signal during the attempt', async () => {
  const server = await listen({ host: '127.0.0.1' });
  const controller = new AbortController();
  const to = { port: portOf(server), host: '127.0.0.1', signal: controller.signal };
  const promise = connect(to);
  await new Promise<void>((resolve) => process.nextTick(() => process.nextTick(resolve)));
  controller.abort(reason);
  await assert.rejects(promise, ABORTED);
  await server.close();
});

test("connect's signal has no power over the socket once it is connected", async () => {
  const server = await listen({ host: '127.0.0.1' });
  const { signal, abort } = controllerParts();
  const client = await connect({ port: portOf(server), host: '127.0.0.1', signal });
  assert.equal(getEventListeners(signal, 'abort').length, 0);
  abort();
  await sleep(10);
  assert.equal(client.destroyed, false);
  client.destroy();
  await server.close();
});

function controllerParts(): { signal: AbortSignal; abort(): void } {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort(reason) };
}

test('listen is given up by its signal before and while it begins', async () => {
  await assert.rejects(listen({ port: 0, signal: AbortSignal.abort(reason) }), ABORTED);
  for (const host of ['127.0.0.1', 'localhost']) {
    const { signal, abort } = controllerParts();
    const promise = listen({ port: 0, host, signal });
    abort();
    await assert.rejects(promise, ABORTED);
  }
  await sleep(50);
});

test("listen's signal closes the server later on", async () => {
  const { signal, abort } = controllerParts();
  const server = await listen({ host: '127.0.0.1', signal });
  const next = server[Symbol.asyncIterator]().next();
  abort();
  assert.deepEqual(await next, { done: true, value: undefined });
  assert.equal(server.listening, false);
});

test('a loop is ended by its signal, and the server goes on', async () => {
  const server = await listen({ host: '127.0.0.1' });
  const { signal, abort } = controllerParts();
  const loop = (async () => {
    for await (const socket of connections(server, { signal })) socket.destroy();
  })();
  abort();
  await assert.rejects(loop, ABORTED);
  assert.equal(server.listening, true);
  await server.close();
});

test('close waits for the last connection, unless its signal ends the wait', async () => {
  const server = await listen({ host: '127.0.0.1' });
  const client = await connect(portOf(server), '127.0.0.1');
  const { value } = await server[Symbol.asyncIterator]().next();
  await assert.rejects(server.close({ signal: AbortSignal.abort(reason) }), ABORTED);
  assert.equal(server.listening, true, 'an aborted signal does nothing');
  const { signal, abort } = controllerParts();
  const waiting = server.close({ signal });
  assert.equal(server.listening, false);
  abort();
  await assert.rejects(waiting, ABORTED);
  assert.equal(value?.destroyed, false, 'the connection is not touched');
  const close = once(server, 'close');
  client.destroy();
  value?.destroy();
  await close;
});

test('close rejects where the server does not listen, and still takes a callback', async () => {
  const server = await listen({ host: '127.0.0.1' });
  await new Promise<void>((resolve, reject) => {
    const returned = server.close((error) => (error ? reject(error) : resolve()));
    assert.equal(returned, server);
  });
  await assert.rejects(server.close(), { code: 'ERR_SERVER_NOT_RUNNING' });
  // Nobody awaits this one: it must not end the process as an unhandled rejection.
  void server.close();
  await sleep(10);
});
