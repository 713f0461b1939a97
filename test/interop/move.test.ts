/** Live connections that move between this package's sockets and the built-in's. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import builtin from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { fromNodeSocket, toNodeSocket } from 'barewire/interop';
import ours from 'barewire/node';
import { makePair, readAll } from '../kit/pairs.js';
import { type Scope, test } from '../kit/test.js';
import { text } from './sides.js';

const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** A connection between two built-in sockets: `[accepted, its client]`. */
async function builtinPair(scope: Scope): Promise<[builtin.Socket, builtin.Socket]> {
  const server = builtin.createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as builtin.AddressInfo;
  const accepted = once(server, 'connection');
  const peer = builtin.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  scope.defer(() => peer.destroy());
  const [socket] = (await accepted) as [builtin.Socket];
  server.close();
  return [socket, peer];
}

for (const family of ['tcp', 'unix'] as const) {
  test(`to a built-in socket (${family}): unread bytes first, then the rest`, async (scope) => {
    const { ours: socket, peer } = await makePair(scope, { allowHalfOpen: true }, family);
    peer.write('first ');
    await once(socket, 'readable');
    const { remotePort } = socket;
    const closed = once(socket, 'close');
    const moved = toNodeSocket(socket);
    assert(moved instanceof builtin.Socket);
    assert.equal(moved.remotePort, remotePort);
    assert.deepEqual(await closed, [false]);
    peer.end('second');
    assert.equal(String(await readAll(moved)), 'first second');
    moved.end('answer');
    assert.equal(String(await readAll(peer)), 'answer');
  });
}

test('to a built-in socket: 16 MiB written before, with their callbacks', async (scope) => {
  const { ours: socket, peer } = await makePair(scope);
  const body = randomBytes(16 << 20);
  const results: (Error | null | undefined)[] = [];
  for (let at = 0; at < body.length; at += 1 << 20) {
    socket.write(body.subarray(at, at + (1 << 20)), (error) => results.push(error));
  }
  const moved = toNodeSocket(socket);
  moved.end('tail');
  const received = await readAll(peer);
  assert.equal(digest(received), digest(Buffer.concat([body, Buffer.from('tail')])));
  assert.equal(results.length, 16);
  assert(results.every((error) => !error));
  peer.end();
});

test('to a built-in socket: after end(), and with half a character read', async (scope) => {
  const { ours: socket, peer } = await makePair(scope, { allowHalfOpen: true });
  socket.setEncoding('utf8');
  peer.write(Buffer.concat([Buffer.from('grün '), Buffer.from('ü').subarray(0, 1)]));
  await once(socket, 'readable');
  socket.end('bye');
  const moved = toNodeSocket(socket);
  assert.equal(String(await readAll(peer)), 'bye');
  peer.end(Buffer.concat([Buffer.from('ü').subarray(1), Buffer.from('ber')]));
  assert.equal(await text(moved), 'grün über');
});

test('to a built-in socket: the server goes on counting, and close() waits', async (scope) => {
  const { ours: socket, peer } = await makePair(scope);
  const { server, _server: counted } = socket;
  assert(server !== null && counted !== null);
  const moved = toNodeSocket(socket);
  await sleep(10);
  assert.equal(counted._connections, 1);
  let closed = false;
  server.close(() => {
    closed = true;
  });
  await sleep(10);
  assert.equal(closed, false);
  const ended = once(server, 'close');
  moved.destroy();
  await ended;
  peer.destroy();
});

test('to a built-in socket: none without a connection', async () => {
  assert.throws(() => toNodeSocket(new ours.Socket()), { code: 'ERR_SOCKET_CLOSED' });
  const connecting = ours.connect(1, '127.0.0.1');
  assert.throws(() => toNodeSocket(connecting), { code: 'ERR_SOCKET_CLOSED' });
  await once(connecting, 'error');
});

test('from a built-in socket: unread bytes first, then the rest', async (scope) => {
  const [socket, peer] = await builtinPair(scope);
  peer.write('first ');
  await once(socket, 'readable');
  const moved = fromNodeSocket(socket);
  assert(moved instanceof ours.Socket);
  assert.equal(moved.connecting, false);
  assert.equal(moved.remotePort, peer.localPort);
  peer.end('second');
  assert.equal(String(await readAll(moved)), 'first second');
  moved.end('answer');
  assert.equal(String(await readAll(peer)), 'answer');
});

test('from a built-in socket: what it has to send is sent first', async (scope) => {
  const [socket, peer] = await builtinPair(scope);
  const body = randomBytes(16 << 20);
  socket.write(body);
  const moved = fromNodeSocket(socket);
  assert.equal(moved.connecting, true);
  moved.end('tail');
  const received = await readAll(peer);
  assert.equal(digest(received), digest(Buffer.concat([body, Buffer.from('tail')])));
  peer.end();
  await once(moved.resume(), 'close');
});

test('from a built-in socket: the peer goes while bytes wait', async (scope) => {
  const [socket, peer] = await builtinPair(scope);
  socket.write(Buffer.alloc(16 << 20));
  const moved = fromNodeSocket(socket);
  const failed = once(moved, 'error');
  peer.resetAndDestroy();
  const [error] = await failed;
  assert.match(error.code, /ECONNRESET|EPIPE/);
});

test('there and back, again and again, while bytes flow both ways', async (scope) => {
  const { ours: first, peer } = await makePair(scope, { allowHalfOpen: true });
  const body = randomBytes(4 << 20);
  const back = readAll(peer);
  const feed = async (): Promise<void> => {
    for (let at = 0; at < body.length; at += 4096) {
      if (!peer.write(body.subarray(at, at + 4096))) await once(peer, 'drain');
    }
    peer.end();
  };
  const fed = feed();
  let socket: builtin.Socket | typeof first = first;
  const received: Buffer[] = [];
  for (let hop = 0; hop < 40; hop++) {
    const chunk: Buffer | null = socket.read();
    if (chunk !== null) {
      received.push(chunk);
      socket.write(chunk);
    }
    socket = socket instanceof ours.Socket ? toNodeSocket(socket) : fromNodeSocket(socket);
    await sleep(1);
  }
  const last: NodeJS.ReadWriteStream = socket;
  last.on('data', (chunk: Buffer) => {
    received.push(chunk);
    last.write(chunk);
  });
  last.on('end', () => last.end());
  await fed;
  assert.equal(digest(await back), digest(body));
  assert.equal(digest(Buffer.concat(received)), digest(body));
});

test('wrong kinds of sockets are refused', async (scope) => {
  const [socket] = await builtinPair(scope);
  socket.destroy();
  assert.throws(() => fromNodeSocket(socket), { code: 'ERR_INVALID_HANDLE_TYPE' });
  assert.throws(() => fromNodeSocket(new builtin.Socket()), { code: 'ERR_INVALID_HANDLE_TYPE' });
});

/** Whether a socket of the built-in's can be posted to a thread: in some versions of Node. */
function canPost(): boolean {
  const socket = new builtin.Socket();
  try {
    structuredClone(socket, { transfer: [socket as never] });
    return true;
  } catch (error) {
    // Those that can refuse one that has no connection.
    return Object(error).code === 'ERR_WORKER_HANDLE_NOT_TRANSFERABLE';
  } finally {
    socket.destroy();
  }
}

test('postMessage takes none of ours, and takes one that toNodeSocket has moved', async (scope) => {
  const { ours: socket, peer } = await makePair(scope);
  const worker = new Worker(
    `const { parentPort } = require('node:worker_threads');
    parentPort.once('message', ({ socket }) => socket.end('from the thread'));`,
    { eval: true },
  );
  scope.defer(() => void worker.terminate());
  const post = (one: object): void => worker.postMessage({ socket: one }, [one as never]);
  assert.throws(() => post(socket), { name: /DataCloneError|TypeError/ });
  assert.equal(socket.destroyed, false, 'a socket that was refused goes on');
  if (!canPost()) return;
  post(toNodeSocket(socket));
  assert.equal(String(await readAll(peer)), 'from the thread');
});
