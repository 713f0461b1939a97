/** A server that is disposed of, aborted or refused while it begins to listen. */
import assert from 'node:assert/strict';
import dns from 'node:dns';
import { getEventListeners } from 'node:events';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createHttpServer } from 'barewire/interop';
import { listenerOf } from '../../kit/kernel.js';
import { peer } from '../../kit/peer.js';
import { row, type Scope, type Server } from '../../kit/row.js';
import { delay, event, logOf, turns } from '../../kit/wait.js';

/** What is under way ends within this; a name that does not exist may take longer to be told so. */
const UNDER_WAY_MS = 60;

type AnyDone = (error: null, answer: unknown) => void;
type Begin = (server: Server, s: Scope) => unknown;

const BEGINNINGS: Readonly<Record<string, Begin>> = {
  'a name': (server) => server.listen(0, 'localhost'),
  'a name, a tick later': (server) => Promise.resolve(server.listen(0, 'localhost')),
  'an address': (server) => server.listen(0, '127.0.0.1'),
  'a path': (server, s) => server.listen(join(s.folder(), 'x')),
  'a name, closed, and once more': (server) =>
    server.listen(0, 'localhost').close().listen(0, 'localhost'),
  'a name that does not exist': (server) => server.listen(0, 'no-such-host.invalid'),
};

// nodejs/node#51929, nodejs/node#48717
row('a server that is disposed of while its listen is under way does not listen', async (s) => {
  for (const [name, begin] of Object.entries(BEGINNINGS)) {
    const server = s.server();
    const log = logOf(server, 'listening', 'error');
    await begin(server, s);
    await Promise.all([server[Symbol.asyncDispose](), server[Symbol.asyncDispose]()]);
    await server[Symbol.asyncDispose]();
    await delay(UNDER_WAY_MS);
    assert.equal(server.listening, false, name);
    assert.deepEqual(log, [], name);
    // It can listen later all the same.
    await s.port(server);
    await server[Symbol.asyncDispose]();
  }
});

row('disposing of a server that never listened says nothing', async (s) => {
  const server = s.server();
  const log = logOf(server, 'listening', 'close', 'error');
  await server[Symbol.asyncDispose]();
  await turns();
  assert.deepEqual(log, []);
});

row('a protocol server that is disposed of while its listen is under way', async (s) => {
  const server = createHttpServer();
  s.defer(() => server.close());
  const log = logOf(server, 'listening', 'error');
  server.listen(0, 'localhost');
  await server[Symbol.asyncDispose]();
  await delay(UNDER_WAY_MS);
  assert.deepEqual([server.listening, log], [false, []]);
  assert.ok(server instanceof http.Server);
});

function watchers(signal: AbortSignal): number {
  return getEventListeners(signal, 'abort').length;
}

// oven-sh/bun#37957
row('a listen that fails leaves nothing on its signal', async (s) => {
  const { signal } = new AbortController();
  const { port } = await peer.listen({ host: '127.0.0.1' });
  for (const target of [
    { port, host: '127.0.0.1' },
    { port, host: 'localhost' },
    { port: 0, host: 'no-such-host.invalid' },
    { path: '/none/such/x' },
  ]) {
    const server = s.server();
    for (let i = 0; i < 3; i++) {
      const failed = event(server, 'error');
      server.listen({ ...target, signal });
      await failed;
      assert.equal(watchers(signal), 0, JSON.stringify(target));
    }
  }
  for (const target of [{ port: 99_999 }, {}, { path: '' }]) {
    const server = s.server();
    const log = logOf(server, 'close');
    const given: object = { ...target, signal: AbortSignal.abort() };
    assert.throws(() => server.listen(given));
    await turns();
    assert.deepEqual(log, [], 'a listen that throws closes nothing');
  }
});

row('a signal is watched while its server listens, and once', async (s) => {
  const controller = new AbortController();
  const { signal } = controller;
  const server = s.server();
  server.listen({ port: 0, host: 'localhost', signal });
  server.listen({ port: 0, host: '127.0.0.1', signal });
  await event(server, 'listening');
  assert.equal(watchers(signal), 1);
  const connection = event(server, 'connection');
  await peer.connect({ port: (server.address() as AddressInfo).port });
  await connection;
  server.close();
  assert.equal(watchers(signal), 0, 'closed, though a connection is left');
  await s.port(server);
  controller.abort();
  await turns();
  assert.equal(server.listening, true, 'the signal was of the listen before');
});

row('an address is listened on without a lookup', async (s) => {
  const { lookup } = dns;
  s.defer(() => Object.assign(dns, { lookup }));
  const asked: string[] = [];
  const refuse = (name: string, _options: object, done: (error: Error) => void): void => {
    asked.push(name);
    done(new Error('no lookup here'));
  };
  Object.assign(dns, { lookup: refuse });
  for (const host of ['127.0.0.1', '::1']) {
    const server = s.server().listen(0, host);
    assert.equal(server.listening, false, 'as ever it listens a tick later');
    await event(server, 'listening');
    assert.equal((server.address() as AddressInfo).address, host);
  }
  const server = s.server();
  const failed = event<[Error]>(server, 'error');
  server.listen(0, 'a.name');
  assert.equal((await failed)[0].message, 'no lookup here');
  assert.deepEqual(asked, ['a.name']);
});

row('an answer without a usable address binds no port on every interface', async (s) => {
  const { lookup } = dns;
  s.defer(() => Object.assign(dns, { lookup }));
  for (const answer of [[], [null, undefined], ['127.0.0.1'], [{ address: 'x', family: 4 }]]) {
    Object.assign(dns, { lookup: (_: string, __: object, done: AnyDone) => done(null, answer) });
    const server = s.server();
    const failed = event<[NodeJS.ErrnoException]>(server, 'error');
    server.listen(0, 'a.name');
    assert.equal((await failed)[0].code, 'ERR_INVALID_IP_ADDRESS', JSON.stringify(answer));
  }
  const holes = [undefined, { address: '127.0.0.1', family: 4 }];
  Object.assign(dns, { lookup: (_: string, __: object, done: AnyDone) => done(null, holes) });
  const server = s.server().listen(0, 'a.name');
  await event(server, 'listening');
  assert.equal((server.address() as AddressInfo).address, '127.0.0.1');
});

/** The kernel cuts every backlog to this. */
const SOMAXCONN = Number(readFileSync('/proc/sys/net/core/somaxconn', 'utf8'));

row('a backlog that is no 32-bit whole number is cut to one', async (s) => {
  for (const backlog of [1.9, 255.5, 2 ** 31, 2 ** 32 + 5, Number.POSITIVE_INFINITY]) {
    const server = s.server();
    server.listen({ port: 0, host: '127.0.0.1', backlog });
    await event(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const cut = Math.min(Math.trunc(backlog), SOMAXCONN);
    assert.equal(listenerOf(port).backlog, cut, `backlog ${backlog}`);
  }
});
