/** What well-known packages do with sockets beyond the manual; docs/SWITCHING.md lists it. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import builtin from 'node:net';
import { createHttpServer } from 'barewire/interop';
import ours from 'barewire/node';
import { makePair, readAll } from '../kit/pairs.js';
import { type Scope, test } from '../kit/test.js';
import { listen } from './sides.js';

async function echoPort(scope: Scope): Promise<number> {
  const server = builtin.createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket));
  return listen(scope, server);
}

test('pg: new Socket(), setters before connect, cork, ref and unref', async (scope) => {
  const port = await echoPort(scope);
  const socket = new ours.Socket();
  scope.defer(() => socket.destroy());
  assert.equal(socket.setNoDelay(true).setKeepAlive(true).unref().ref(), socket);
  socket.connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.cork();
  socket.write('one ');
  socket.write('two');
  assert.equal(socket.writableCorked, 1);
  socket.uncork();
  const [chunk] = await once(socket, 'data');
  assert.equal(String(chunk), 'one two', 'corked writes leave together');
});

test('postgres: readyState through a life, own properties stay', async (scope) => {
  const port = await echoPort(scope);
  const socket = Object.assign(new ours.Socket(), { host: 'mine', ssl: true, port });
  assert.equal(socket.readyState, 'open');
  socket.connect(port, '127.0.0.1');
  assert.equal(socket.readyState, 'opening');
  await once(socket, 'connect');
  assert.equal(socket.readyState, 'open');
  assert.deepEqual([socket.host, socket.ssl, socket.port], ['mine', true, port]);
  socket.end();
  assert.equal(socket.readyState, 'readOnly');
  await once(socket.resume(), 'close');
  assert.equal(socket.readyState, 'closed');
});

test("mysql2: 'drain' after a false; removeAllListeners('data')", async (scope) => {
  const { ours: socket, peer } = await makePair(scope);
  assert.equal(socket.write(Buffer.alloc(8 << 20)), false);
  assert.equal(socket.writableNeedDrain, true);
  const drained = once(socket, 'drain');
  peer.resume();
  await drained;
  socket.on('data', () => assert.fail('removed'));
  socket.removeAllListeners('data');
  const second = once(socket, 'data');
  peer.write('x');
  assert.equal(String((await second)[0]), 'x');
});

test('ioredis: connecting, and _writableState.ended', async (scope) => {
  const port = await echoPort(scope);
  const socket = ours.connect(port, '127.0.0.1');
  assert.equal(socket.connecting, true);
  await once(socket, 'connect');
  assert.equal(socket.connecting, false);
  assert.equal(socket._writableState.ended, false);
  socket.end();
  assert.equal(socket._writableState.ended, true);
  await once(socket.resume(), 'close');
});

test('node-redis: a write after the peer has ended is EPIPE', async (scope) => {
  const { ours: socket, peer } = await makePair(scope);
  // A large answer is on its way, so that the socket's own end waits for it.
  socket.write(Buffer.alloc(8 << 20));
  const failed = once(socket, 'error');
  const written = new Promise<Error | null | undefined>((resolve) => {
    socket.once('end', () => setImmediate(() => socket.write('too late', resolve)));
  });
  socket.resume();
  peer.end();
  assert.equal((await failed)[0].code, 'EPIPE');
  assert.equal(Object(await written).code, 'EPIPE');
});

test("amqplib, aedes, smtp-server: 'readable' with read(n), and unshift", async (scope) => {
  const { ours: socket, peer } = await makePair(scope);
  const frames: string[] = [];
  let left = Buffer.alloc(0);
  socket.on('readable', () => {
    let chunk: Buffer | null = socket.read();
    while (chunk !== null && chunk.length > Number(chunk[0])) {
      const end = 1 + Number(chunk[0]);
      frames.push(String(chunk.subarray(1, end)));
      socket.unshift(chunk.subarray(end));
      chunk = socket.read();
    }
    if (chunk !== null) left = Buffer.concat([left, chunk]);
  });
  const ended = once(socket, 'end');
  peer.end('\x05hello\x03you\x01!\x09rest');
  await ended;
  assert.deepEqual(frames, ['hello', 'you', '!']);
  assert.equal(String(left), '\x09rest');
});

test('ws: setTimeout(0), unshift(head), cork, _writableState.length', async (scope) => {
  const { ours: socket, peer } = await makePair(scope);
  socket.setTimeout(50);
  socket.setTimeout(0);
  socket.on('timeout', () => assert.fail('turned off'));
  socket.setNoDelay();
  socket.unshift(Buffer.from('head '));
  socket.cork();
  socket.write('12345');
  assert.equal(socket._writableState.length, 5);
  process.nextTick(() => socket.uncork());
  peer.write('body');
  const got: string[] = [];
  socket.on('data', (chunk) => got.push(String(chunk)));
  assert.equal(String((await once(peer, 'data'))[0]), '12345');
  while (got.join('') !== 'head body') await once(socket, 'data');
});

test('ssh2: _readableState.ended', async (scope) => {
  const { ours: socket, peer } = await makePair(scope, { allowHalfOpen: true });
  assert.equal(socket._readableState.ended, false);
  peer.end();
  await once(socket.resume(), 'end');
  assert.equal(socket._readableState.ended, true);
  socket.end();
});

test('undici: a paused read() loop, errored, symbols, attempted addresses', async (scope) => {
  const { ours: socket, peer } = await makePair(scope);
  const mark = Symbol('client');
  Object.assign(socket, { [mark]: 1 });
  assert.equal(Reflect.get(socket, mark), 1);
  socket.pause();
  peer.write('abc');
  await once(socket, 'readable');
  assert.equal(String(socket.read()), 'abc');
  assert.equal(socket.read(), null);
  assert.equal(socket.errored, null);
  const failure = new Error('mine');
  socket.on('error', () => {});
  socket.destroy(failure);
  assert.equal(socket.errored, failure);
  const refused = ours.connect({ port: 1, host: 'localhost', autoSelectFamily: true });
  await once(refused, 'error');
  const attempted = refused.autoSelectFamilyAttemptedAddresses ?? [];
  assert(attempted.every((address) => address.endsWith(':1')));
});

test("socks: 'connect' and 'data' emitted by hand reach listeners", () => {
  const socket = new ours.Socket();
  const heard: unknown[] = [];
  socket.on('connect', () => heard.push('connect'));
  socket.on('data', (chunk) => heard.push(String(chunk)));
  socket.emit('connect');
  socket.emit('data', Buffer.from('left over'));
  assert.deepEqual(heard, ['connect', 'left over']);
  socket.destroy();
});

test('pac-proxy-agent, net-keepalive: instanceof, and a descriptor in _handle', async (scope) => {
  const { ours: socket } = await makePair(scope);
  assert(socket instanceof ours.Socket);
  assert.equal(typeof socket._handle?.fd, 'number');
  assert(Number(socket._handle?.fd) > 2);
});

test('agent-base: new Socket({writable: false}) with no handle', () => {
  const socket = new ours.Socket({ writable: false });
  assert.equal(socket._handle, null);
  assert.equal(socket.destroyed, false);
  socket.destroy();
  assert.equal(socket.destroyed, true);
});

test('interceptors: Socket.prototype.connect wrapped sees every connection', async (scope) => {
  const port = await echoPort(scope);
  const { connect } = ours.Socket.prototype;
  const seen: number[] = [];
  ours.Socket.prototype.connect = function wrapped(this: ours.Socket, ...args: unknown[]) {
    seen.push(args.length);
    return Reflect.apply(connect, this, args);
  } as typeof connect;
  scope.defer(() => {
    ours.Socket.prototype.connect = connect;
  });
  const first = ours.connect(port, '127.0.0.1');
  const second = new ours.Socket().connect({ port, host: '127.0.0.1' });
  await Promise.all([once(first, 'connect'), once(second, 'connect')]);
  first.destroy();
  second.destroy();
  assert.equal(seen.length, 2);
});

test("_handle does not pretend to be Node's own", async (scope) => {
  const { ours: socket, peer } = await makePair(scope);
  const handle = socket._handle;
  assert(handle !== null && !('isStreamBase' in handle));
  const server = http.createServer((_, response) => response.end('by data events'));
  server.emit('connection', socket);
  peer.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  assert.match(String(await readAll(peer)), /by data events/);
});

test('createHttpServer can take the place of http.createServer', async (scope) => {
  const { createServer } = http;
  scope.defer(() => {
    http.createServer = createServer;
  });
  http.createServer = createHttpServer as typeof createServer;
  const answer: http.RequestListener = (request, response) => {
    response.end(String(request.socket instanceof ours.Socket));
  };
  // Frameworks hand their own options through, which may be undefined.
  const server: http.Server = Reflect.apply(http.createServer, http, [undefined, answer]);
  const socket = builtin.connect(await listen(scope, server), '127.0.0.1');
  scope.defer(() => socket.destroy());
  socket.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  assert.match(String(await readAll(socket)), /true$/);
});
