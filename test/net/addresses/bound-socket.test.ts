/** `BoundSocket`: a socket that is bound first, and listens or connects later. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readlinkSync } from 'node:fs';
import * as builtin from 'node:net';
import { type AddressInfo, BoundSocket, createServer, type Server, Socket } from 'barewire';
import * as node from 'barewire/node';
import { socketPath } from '../../kit/echo.js';
import { test } from '../../kit/test.js';

const ADOPTED = { code: 'ERR_SOCKET_HANDLE_ADOPTED' };

function portOf(bound: BoundSocket): number {
  return (bound.address() as AddressInfo).port;
}

/** What a peer that is not ours gets from connecting. */
async function received(to: builtin.NetConnectOpts): Promise<string> {
  const socket = builtin.connect(to).setEncoding('utf8');
  let text = '';
  socket.on('data', (chunk) => {
    text += String(chunk);
  });
  await once(socket, 'close');
  return text;
}

async function closed(server: Server | builtin.Server): Promise<void> {
  server.close();
  await once(server, 'close');
}

/** A server that is not ours and tells each client its port or name. */
async function listening(to: builtin.ListenOptions): Promise<builtin.Server> {
  const server = builtin.createServer((socket) => socket.end(String(socket.remotePort)));
  server.listen(to);
  await once(server, 'listening');
  return server;
}

test('BoundSocket binds at once and tells the address that the system chose', () => {
  assert.equal(node.BoundSocket, BoundSocket);
  const bound = new BoundSocket();
  const { address, family, port } = bound.address() as AddressInfo;
  assert.deepEqual([address, family, port > 0], ['0.0.0.0', 'IPv4', true]);
  assert.match(readlinkSync(`/proc/self/fd/${bound.fd()}`), /^socket:/);
  assert.equal(bound.isPipe, false);
  bound.close();
  const six = new BoundSocket({ ipv6Only: true });
  assert.equal((six.address() as AddressInfo).address, '::');
  six.close();
});

test("BoundSocket throws the system's error where it can not bind", async () => {
  const server = await listening({ port: 0, host: '127.0.0.1' });
  const { port } = server.address() as AddressInfo;
  const message = `bind EADDRINUSE 127.0.0.1:${port}`;
  assert.throws(() => new BoundSocket({ host: '127.0.0.1', port }), {
    code: 'EADDRINUSE',
    syscall: 'bind',
    address: '127.0.0.1',
    port,
    message,
  });
  assert.throws(() => new BoundSocket({ host: '192.0.2.1' }), { code: 'EADDRNOTAVAIL' });
  assert.throws(() => new BoundSocket({ path: `/tmp/${'x'.repeat(200)}` }), { code: 'EINVAL' });
  await closed(server);
});

test("BoundSocket throws Node's errors for bad options", () => {
  const wrong: [object, string, RegExp][] = [
    [{ port: 70000 }, 'ERR_SOCKET_BAD_PORT', /^options\.port should be >= 0 and < 65536/],
    [{ host: 'localhost' }, 'ERR_INVALID_ARG_VALUE', /does not perform DNS resolution/],
    [{ host: 3 }, 'ERR_INVALID_ARG_TYPE', /"options\.host"/],
    [{ ipv6Only: 1 }, 'ERR_INVALID_ARG_TYPE', /"options\.ipv6Only"/],
    [{ reusePort: 1 }, 'ERR_INVALID_ARG_TYPE', /"options\.reusePort"/],
    [{ path: '/tmp/x', port: 1 }, 'ERR_INVALID_ARG_VALUE', /mutually exclusive/],
    [{ path: 1 }, 'ERR_INVALID_ARG_TYPE', /"options\.path"/],
  ];
  for (const [options, code, message] of wrong) {
    assert.throws(() => new BoundSocket(options), { code, message });
  }
  assert.throws(() => Reflect.construct(BoundSocket, [null]), { code: 'ERR_INVALID_ARG_TYPE' });
});

test('a BoundSocket that was closed can not be used, and dispose does nothing more', () => {
  const bound = new BoundSocket({ host: '127.0.0.1' });
  bound.close();
  for (const use of ['close', 'fd', 'address'] as const) {
    assert.throws(() => bound[use](), ADOPTED, use);
  }
  assert.throws(() => new Socket({ handle: bound }), ADOPTED);
  assert.throws(() => createServer().listen(bound), ADOPTED);
  bound[Symbol.dispose]();
  const other = new BoundSocket({ host: '127.0.0.1' });
  other[Symbol.dispose]();
  assert.throws(() => other.fd(), ADOPTED);
});

test('reusePort lets two BoundSockets and their servers have one port', async () => {
  const options = { host: '127.0.0.1', reusePort: true };
  const first = new BoundSocket(options);
  const second = new BoundSocket({ ...options, port: portOf(first) });
  const servers = [first, second].map((bound) => createServer().listen(bound));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  await Promise.all(servers.map(closed));
});

for (const shape of ['bound', '{handle: bound}'] as const) {
  test(`listen(${shape}) takes a bound socket over`, async () => {
    const bound = new BoundSocket({ host: '127.0.0.1' });
    const address = bound.address();
    const server = createServer((socket) => socket.end('hello'));
    server.listen(shape === 'bound' ? bound : { handle: bound });
    assert.throws(() => bound.close(), ADOPTED);
    await once(server, 'listening');
    assert.deepEqual(server.address(), address);
    assert.equal(
      await received({ port: (address as AddressInfo).port, host: '127.0.0.1' }),
      'hello',
    );
    await closed(server);
  });
}

test('listen(bound) on a path reports the path, and removes its file at the end', async () => {
  const path = socketPath();
  const bound = new BoundSocket({ path });
  assert.deepEqual([bound.isPipe, bound.address()], [true, path]);
  const server = createServer((socket) => socket.end('hello')).listen(bound);
  await once(server, 'listening');
  assert.equal(server.address(), path);
  assert.equal(await received({ path }), 'hello');
  await closed(server);
  assert.equal(existsSync(path), false);
});

test('closing a BoundSocket removes its file', () => {
  const path = socketPath();
  const bound = new BoundSocket({ path });
  assert.equal(existsSync(path), true);
  bound.close();
  assert.equal(existsSync(path), false);
});

test('a socket connects from its bound address, known as soon as connect() returns', async () => {
  const server = await listening({ port: 0, host: '127.0.0.1' });
  const { port } = server.address() as AddressInfo;
  const bound = new BoundSocket();
  const localPort = portOf(bound);
  const socket = new Socket({ handle: bound });
  assert.throws(() => bound.fd(), ADOPTED);
  assert.deepEqual([socket.localAddress, socket.localPort], ['0.0.0.0', localPort]);
  assert.deepEqual([socket.connecting, socket.pending], [false, false]);
  socket.connect(port, '127.0.0.1');
  assert.deepEqual([socket.connecting, socket.localAddress], [true, '127.0.0.1']);
  const end = once(socket, 'close');
  const [data] = await once(socket, 'data');
  assert.equal(String(data), String(localPort));
  await end;
  await closed(server);
});

test('a socket bound to a path connects from there', async () => {
  const path = socketPath();
  const source = `${path}.client`;
  const server = await listening({ path });
  const socket = new Socket({ handle: new BoundSocket({ path: source }) });
  socket.connect(path);
  await once(socket, 'connect');
  assert.deepEqual([socket.localAddress, socket.address()], [source, { address: source }]);
  await Promise.all([once(socket.resume(), 'end'), once(socket, 'close')]);
  assert.equal(existsSync(source), false);
  await closed(server);
});

test('connecting a bound socket fails as any other does', async () => {
  const bound = (): Socket => new Socket({ handle: new BoundSocket({ host: '127.0.0.1' }) });
  const refused = bound().connect(1, '127.0.0.1');
  const [error] = await once(refused, 'error');
  assert.equal(error.message, 'connect ECONNREFUSED 127.0.0.1:1');
  const otherFamily = bound().connect(1, '::1');
  const [wrong] = await once(otherFamily, 'error');
  assert.match(wrong.message, /^connect EAFNOSUPPORT ::1:1 - Local \(127\.0\.0\.1:\d+\)$/);
  const twice = bound();
  assert.throws(() => twice.connect({ port: 1, host: '127.0.0.1', localPort: 5 }), {
    code: 'ERR_INVALID_ARG_VALUE',
    message: /localAddress and localPort cannot be used with an adopted bound socket/,
  });
  twice.destroy();
  const onPath = new Socket({ handle: new BoundSocket({ path: '\0barewire-bound-test' }) });
  assert.throws(() => onPath.connect(80), { code: 'ERR_INVALID_ARG_TYPE' });
  onPath.destroy();
});
