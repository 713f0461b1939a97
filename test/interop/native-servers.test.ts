/**
 * The ready-made servers of TLS and HTTP/2: this package listens, and each connection is a socket
 * of the built-in's from the moment that it is accepted. Beside the built-in's servers.
 */
import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import diagnostics from 'node:diagnostics_channel';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import builtin from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import tls from 'node:tls';
import { createHttp2Server, createTlsServer } from 'barewire/interop';
import ours from 'barewire/node';
import { linux } from '#internal/sys/linux';
import { type Options, optionsOf } from '../kit/kernel.js';
import { run } from '../kit/program.js';
import { type Scope, test } from '../kit/test.js';
import { certificate } from './certificate.js';
import { listen, onBothSides, type Side } from './sides.js';

/** What Node keeps of a handle, and of the one below it. */
interface Internals {
  readonly _handle: { readonly constructor: { name: string }; readonly _parent?: object } | null;
  readonly server: unknown;
  readonly _server: unknown;
}

const inner = (socket: unknown): Internals => socket as Internals;

type Secured = builtin.Server;
const ignore = (): void => {};

const SERVERS: Record<string, (side: Side, options?: object) => Secured> = {
  tls: (side, options) => side.createTlsServer({ ...certificate(), ...options }, ignore),
  https: (side, options) => side.createHttpsServer({ ...certificate(), ...options }, ignore),
  'http2 secure': (side, options) =>
    side.createHttp2SecureServer({ ...certificate(), ...options }, ignore),
  http2: (side, options) => side.createHttp2Server({ ...options }, ignore),
};

/** The raw socket of the next connection, and its client, which does not speak. */
async function connection(
  scope: Scope,
  server: Secured,
  port: number,
): Promise<[builtin.Socket, builtin.Socket]> {
  const client = builtin.connect(port, '127.0.0.1');
  client.on('error', ignore);
  scope.defer(() => client.destroy());
  const [socket] = (await once(server, 'connection')) as [builtin.Socket];
  socket.on('error', ignore);
  return [socket, client];
}

function count(server: builtin.Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.getConnections((error, all) => (error ? reject(error) : resolve(all)));
  });
}

function quiet(server: Secured): Secured {
  return server.on('tlsClientError', ignore).on('sessionError', ignore);
}

type StreamOptions = 'readableHighWaterMark' | 'writableHighWaterMark' | 'allowHalfOpen';
type Kept = Options & Pick<builtin.Socket, StreamOptions>;

/** What either side was found to have, the built-in first. */
const found = new Map<string, Kept[][]>();

for (const [kind, make] of Object.entries(SERVERS)) {
  onBothSides(`${kind}: a connection has Node's own handle`, async (side, scope) => {
    const server = quiet(make(side));
    const port = await listen(scope, server);
    const before = linux.ledger();
    const [socket] = await connection(scope, server, port);
    assert(socket instanceof builtin.Socket);
    assert(!(socket instanceof ours.Socket));
    const handle = inner(socket)._handle;
    assert.equal(handle?.constructor.name, 'TCP');
    assert.deepEqual(linux.ledger(), before, 'the descriptor is none of ours');
    assert.equal(inner(socket).server, server);
    assert.equal(inner(socket)._server, server);
    assert.equal(socket.localPort, port);
    assert.equal(socket.remoteAddress, '127.0.0.1');
  });

  onBothSides(`${kind}: no option is lost, as the kernel has it`, async (side, scope) => {
    const seen: Kept[] = [];
    const delays = { keepAlive: true, keepAliveInitialDelay: 7_000 };
    const streams = { highWaterMark: 1_234, allowHalfOpen: true, pauseOnConnect: true };
    for (const options of [{}, { noDelay: true }, { noDelay: false, ...delays }, streams]) {
      const server = quiet(make(side, options));
      const port = await listen(scope, server);
      const [socket] = await connection(scope, server, port);
      const { readableHighWaterMark, writableHighWaterMark, allowHalfOpen } = socket;
      const kept = { readableHighWaterMark, writableHighWaterMark, allowHalfOpen };
      seen.push({ ...optionsOf(port, socket.remotePort ?? 0), ...kept });
    }
    const [plain, quick, alive, wide] = seen;
    assert.equal(quick?.noDelay, 1);
    assert.deepEqual([alive?.keepAlive, alive?.keepIdle], [1, 7]);
    assert.equal(plain?.keepAlive, 0);
    assert.equal(wide?.readableHighWaterMark, 1_234);
    assert.equal(wide?.writableHighWaterMark, 1_234);
    assert.equal(wide?.allowHalfOpen, true);
    found.set(kind, [...(found.get(kind) ?? []), seen]);
  });
}

test('options of connections are those of the built-in', () => {
  assert.deepEqual([...found.keys()], Object.keys(SERVERS));
  for (const [kind, [builtinSide, ourSide]] of found) {
    assert.deepEqual(ourSide, builtinSide, kind);
  }
});

onBothSides('a UNIX path: the handle is a Pipe', async (side, scope) => {
  const server = quiet(SERVERS['tls']?.(side) as Secured);
  const path = join(tmpdir(), `bw-native-${side.name}-${process.pid}`);
  server.listen(path);
  await once(server, 'listening');
  scope.defer(() => server.close());
  const client = builtin.connect(path);
  scope.defer(() => client.destroy());
  client.on('error', ignore);
  const [socket] = await once(server, 'connection');
  assert.equal(inner(socket)._handle?.constructor.name, 'Pipe');
});

onBothSides('TLS is wrapped around that handle, and asks it', async (side, scope) => {
  const server = side.createTlsServer(certificate(), (socket) => socket.resume());
  const port = await listen(scope, server);
  const connected = once(server, 'connection');
  const client = side.tlsConnect({ host: '127.0.0.1', port, rejectUnauthorized: false });
  scope.defer(() => client.destroy());
  const [[secured]] = (await Promise.all([
    once(server, 'secureConnection'),
    once(client, 'secureConnect'),
  ])) as [[tls.TLSSocket], unknown];
  const [raw] = (await connected) as [builtin.Socket];
  assert.equal(inner(secured)._handle?._parent, inner(raw)._handle);
  assert.deepEqual(secured.address(), { address: '127.0.0.1', family: 'IPv4', port });
  assert.equal(secured.remotePort, client.localPort);
  assert.equal(secured.remoteFamily, 'IPv4');
  secured.setNoDelay(true);
  secured.setKeepAlive(true, 9_000);
  const { noDelay, keepAlive, keepIdle } = optionsOf(port, secured.remotePort ?? 0);
  assert.deepEqual([noDelay, keepAlive, keepIdle], [1, 1, 9]);
});

onBothSides('connections are counted, and close() waits for them', async (side, scope) => {
  const server = side.createTlsServer(certificate(), ignore);
  const port = await listen(scope, server);
  const accepted: builtin.Socket[] = [];
  server.on('connection', (socket) => accepted.push(socket));
  const clients = Array.from({ length: 3 }, () => builtin.connect(port, '127.0.0.1').resume());
  while (accepted.length < clients.length) await once(server, 'connection');
  assert.equal(await count(server), 3);
  let closed = false;
  const ended = new Promise<Error | undefined>((resolve) => server.close(resolve));
  server.once('close', () => {
    closed = true;
  });
  for (const socket of accepted.slice(0, 2)) socket.destroy();
  clients[2]?.on('error', ignore);
  await Promise.all(clients.slice(0, 2).map((client) => once(client, 'close')));
  assert.equal(await count(server), 1);
  await sleep(20);
  assert.equal(closed, false, 'one is left');
  clients[2]?.destroy();
  assert.equal(await ended, undefined);
  assert.equal(await count(server), 0);
  const late = await new Promise<Error | undefined>((resolve) => server.close(resolve));
  assert.equal(Object(late).code, 'ERR_SERVER_NOT_RUNNING');
});

onBothSides("'close' comes once, however often close() is called", async (side, scope) => {
  const server = side.createTlsServer(certificate(), ignore);
  await listen(scope, server);
  let closes = 0;
  server.on('close', () => closes++);
  server.close();
  await once(server, 'close');
  await sleep(20);
  assert.equal(closes, 1);
});

onBothSides('a flood: maxConnections are let in, the others dropped', async (side, scope) => {
  const LET_IN = 4;
  const ALL = 60;
  const server = side.createTlsServer(certificate(), ignore);
  server.maxConnections = LET_IN;
  const port = await listen(scope, server);
  const drops: builtin.DropArgument[] = [];
  server.on('drop', (info) => drops.push(info as builtin.DropArgument));
  let accepted = 0;
  server.on('connection', () => accepted++);
  const clients = Array.from({ length: ALL }, () => builtin.connect(port, '127.0.0.1').resume());
  scope.defer(() => {
    for (const client of clients) client.destroy();
  });
  for (const client of clients) client.on('error', ignore);
  while (drops.length < ALL - LET_IN) await once(server, 'drop');
  assert.equal(accepted, LET_IN);
  assert(drops.every((info) => info.localPort === port && info.remoteAddress === '127.0.0.1'));
  while (clients.filter((client) => !client.destroyed).length > LET_IN) await sleep(2);
  assert.equal(await count(server), LET_IN);
});

for (const BlockList of [ours.BlockList, builtin.BlockList]) {
  const make = BlockList === ours.BlockList ? 'this package' : 'the built-in';
  test(`a block list of ${make} keeps connections from the server`, async (scope) => {
    const blockList = new BlockList() as builtin.BlockList;
    blockList.addAddress('127.0.0.2');
    const server = createTlsServer({ ...certificate(), blockList }, ignore);
    assert.equal(Reflect.get(server, 'blockList'), blockList);
    const port = await listen(scope, server);
    let accepted = 0;
    server.on('connection', () => accepted++);
    const blocked = builtin.connect({ port, host: '127.0.0.1', localAddress: '127.0.0.2' });
    blocked.on('error', ignore).resume();
    await once(blocked, 'close').catch(ignore);
    assert.equal(accepted, 0);
    await connection(scope, server, port);
    assert.equal(accepted, 1);
  });
}

onBothSides('an AsyncLocalStorage holds what it held in listen()', async (side, scope) => {
  const storage = new AsyncLocalStorage<string>();
  const heard: unknown[] = [];
  const note = (what: string) => (): unknown => heard.push([what, storage.getStore()]);
  const server = side.createTlsServer(certificate(), (socket) => {
    note('secureConnection')();
    socket.on('data', note('data')).on('end', note('end'));
    socket.end('bye');
  });
  server.on('connection', note('connection'));
  const port = await storage.run('listen', () => listen(scope, server));
  const client = side.tlsConnect({ host: '127.0.0.1', port, rejectUnauthorized: false });
  client.end('hello');
  client.resume();
  const [socket] = (await once(server, 'secureConnection')) as [tls.TLSSocket];
  await Promise.all([once(client, 'close'), once(socket, 'close')]);
  const expected = ['connection', 'secureConnection', 'data', 'end'];
  assert.deepEqual(
    heard,
    expected.map((what) => [what, 'listen']),
  );
});

test('net.server.socket tells of each connection', async (scope) => {
  const server = createTlsServer(certificate(), ignore);
  const port = await listen(scope, server);
  const told: unknown[] = [];
  const hear = (message: unknown): unknown => told.push((message as { socket: unknown }).socket);
  diagnostics.subscribe('net.server.socket', hear);
  scope.defer(() => diagnostics.unsubscribe('net.server.socket', hear));
  const [socket] = await connection(scope, server, port);
  assert.deepEqual(told, [socket]);
});

const descriptors = (): number => readdirSync('/proc/self/fd').length;

/** Waits until no more descriptors are open than were. */
async function backTo(count: number): Promise<void> {
  for (let i = 0; descriptors() > count && i < 1_000; i++) await sleep(5);
  assert(descriptors() <= count, `${descriptors()} descriptors, ${count} before`);
}

onBothSides('handshakes that are broken off leave nothing', async (side, scope) => {
  const server = side.createTlsServer(certificate(), ignore);
  const codes: unknown[] = [];
  server.on('tlsClientError', (error) => codes.push(Object(error).code));
  const port = await listen(scope, server);
  const before = descriptors();
  const ATTEMPTS = 30;
  for (let i = 0; i < ATTEMPTS; i++) {
    const client = builtin.connect(port, '127.0.0.1');
    await once(client, 'connect');
    // The head of a handshake record whose rest never comes.
    client.write(Buffer.from('1603010200010001fc0303', 'hex'));
    if (i % 2 === 0) client.resetAndDestroy();
    else client.end();
    client.resume().on('error', ignore);
    await once(client, 'close').catch(ignore);
  }
  while (codes.length < ATTEMPTS) await once(server, 'tlsClientError');
  assert.deepEqual([...new Set(codes)], ['ECONNRESET']);
  while ((await count(server)) > 0) await sleep(2);
  await backTo(before);
});

onBothSides('a client that says nothing has handshakeTimeout', async (side, scope) => {
  const server = side.createTlsServer({ ...certificate(), handshakeTimeout: 40 }, ignore);
  const port = await listen(scope, server);
  const client = builtin.connect(port, '127.0.0.1').resume();
  const closed = once(client, 'close');
  const [error, socket] = await once(server, 'tlsClientError');
  assert.equal(error.code, 'ERR_TLS_HANDSHAKE_TIMEOUT');
  assert(socket instanceof tls.TLSSocket);
  socket.destroy();
  await closed;
});

onBothSides('pauseOnConnect: nothing is read before resume()', async (side, scope) => {
  const server = side.createTlsServer({ ...certificate(), pauseOnConnect: true }, ignore);
  const port = await listen(scope, server);
  const client = side.tlsConnect({ host: '127.0.0.1', port, rejectUnauthorized: false });
  client.on('error', ignore);
  scope.defer(() => client.destroy());
  client.write('early');
  const [socket] = (await once(server, 'secureConnection')) as [tls.TLSSocket];
  assert.equal(socket.isPaused(), true);
  const heard: string[] = [];
  socket.on('data', (chunk) => heard.push(String(chunk)));
  await sleep(40);
  assert.deepEqual(heard, []);
  socket.resume();
  while (heard.join('') !== 'early') await once(socket, 'data');
});

onBothSides('a listener that throws: its connection is a program error', async (side, scope) => {
  const server = side.createTlsServer(certificate(), ignore);
  const port = await listen(scope, server);
  const failure = new Error('mine');
  server.once('connection', () => {
    throw failure;
  });
  const listeners = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  const thrown = once(process, 'uncaughtException');
  scope.defer(() => {
    process.removeAllListeners('uncaughtException');
    for (const listener of listeners) process.on('uncaughtException', listener);
  });
  const client = builtin.connect(port, '127.0.0.1');
  scope.defer(() => client.destroy());
  assert.equal((await thrown)[0], failure);
  const [next] = await connection(scope, server, port);
  assert(next);
  assert.equal(await count(server), 2);
});

test('a high-water mark that streams refuse closes the connection', async (scope) => {
  const server = createHttp2Server(ignore);
  const port = await listen(scope, server as unknown as builtin.Server);
  Object.assign(server, { highWaterMark: 'much' });
  const before = descriptors();
  const listeners = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  scope.defer(() => {
    for (const listener of listeners) process.on('uncaughtException', listener);
  });
  const thrown = once(process, 'uncaughtException');
  const client = builtin.connect(port, '127.0.0.1').resume();
  const [error] = await thrown;
  assert.equal(error.code, 'ERR_INVALID_ARG_VALUE');
  await once(client, 'close');
  await backTo(before);
});

/** Protocols read their server for each request, which takes longer from a hash table. */
test('a mounted server is as fast to read as the built-in', async () => {
  const script = `
    const made = require('barewire/interop');
    const fast = new Function('server', 'return %HasFastProperties(server)');
    console.log(fast(made.createHttpServer()), fast(made.createHttp2Server()));`;
  const { stdout, stderr } = await run(process.execPath, ['--allow-natives-syntax', '-e', script]);
  assert.equal(stdout, 'true true\n', stderr);
});
