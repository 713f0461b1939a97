/** Connecting, as Node's own tests try it, in our words. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { Lookup } from '#internal/dial/target';
import { linux } from '#internal/sys/linux';
import { row, type Scope } from '../contract/kit/row.js';
import { event, logOf, turns } from '../contract/kit/wait.js';
import { errorOf, loose, pairOf, textOf, tooLongPath } from './kit.js';

row('a path that no socket address can hold is EINVAL, to listen and to connect', async (s) => {
  const path = tooLongPath(s);
  const client = await errorOf(s.connect(path));
  assert.deepEqual([client.code, client.syscall, client.address], ['EINVAL', 'connect', path]);
  const server = await errorOf(s.server().listen(path));
  assert.deepEqual([server.code, server.syscall, server.address], ['EINVAL', 'listen', path]);
});

row('a socket that connects again has the ports of its new connection', async (s) => {
  const remotePorts: unknown[] = [];
  const server = s.server((socket) => {
    remotePorts.push(socket.remotePort);
    socket.end();
  });
  const other = s.server((socket) => socket.end());
  const [port, otherPort] = [await s.port(server), await s.port(other)];
  const client = s.own(new s.net.Socket());
  const localPorts: unknown[] = [];
  for (let i = 0; i < 3; i++) {
    client.connect(port, '127.0.0.1', () => localPorts.push(client.localPort));
    client.resume();
    await event(client, 'close');
    assert.equal(client.remotePort, undefined, 'closed');
  }
  assert.deepEqual(localPorts, remotePorts);
  assert.equal(new Set(localPorts).size, 3);
  client.connect(otherPort, '127.0.0.1');
  await event(client, 'connect');
  assert.equal(client.remotePort, otherPort);
});

row('the onread callback is called with the socket as this', async (s) => {
  const seen: unknown[] = [];
  const onread = {
    buffer: Buffer.alloc(8),
    callback(this: unknown): boolean {
      seen.push(this);
      return true;
    },
  };
  const { client, accepted } = await pairOf(s, {}, { onread });
  accepted.end('x');
  await event(client, 'close');
  assert.deepEqual(
    seen.map((one) => one === client),
    [true],
  );
});

/** A UNIX socket with a name of its own that is not connected; whoever is given it closes it. */
function boundUnixSocket(s: Scope, path: string): number {
  const { AF_UNIX, SOCK_STREAM } = linux.constants;
  const fd = linux.socket(AF_UNIX, SOCK_STREAM, 0);
  assert.equal(linux.bind(fd, AF_UNIX, path, 0), 0);
  linux.release(fd);
  s.defer(() => {
    if (linux.adopt(fd) === 0) linux.close(fd, -1);
  });
  return fd;
}

row('new Socket({fd}) of a bound UNIX socket connects with that descriptor', async (s) => {
  const folder = s.folder();
  const path = join(folder, 'server');
  const server = s.server((socket) => socket.end('hello')).listen(path);
  await event(server, 'listening');
  const fd = boundUnixSocket(s, join(folder, 'client'));
  const client = s.own(new s.net.Socket({ fd, readable: true, writable: true }));
  client.connect({ path });
  await event(client, 'connect');
  assert.equal(client._handle?.fd, fd);
  assert.equal(await textOf(client), 'hello');
});

row('connecting is over when the error of a refused connection comes', async (s) => {
  const socket = s.connect(1, '127.0.0.1');
  assert.deepEqual([socket.connecting, socket.pending], [true, true]);
  assert.equal(Reflect.get(socket, '_connecting'), true, 'the old name');
  const error = await errorOf(socket);
  assert.equal(error.code, 'ECONNREFUSED');
  assert.deepEqual([socket.connecting, socket.pending], [false, true]);
});

row('a write that waits for a connection fails where the socket is destroyed first', async (s) => {
  const port = await s.port(s.server());
  const socket = s.connect(port, '127.0.0.1');
  const result = new Promise<NodeJS.ErrnoException>((resolve) => {
    socket.write('never', (error) => resolve(error as NodeJS.ErrnoException));
  });
  socket.destroy();
  assert.equal((await result).code, 'ERR_SOCKET_CLOSED_BEFORE_CONNECTION');
});

row('local addresses and ports that are none throw at once', (s) => {
  const socket = s.own(new s.net.Socket());
  const to = { port: 1, host: '127.0.0.1' };
  for (const [option, code] of [
    [{ localAddress: 'foobar' }, 'ERR_INVALID_IP_ADDRESS'],
    [{ localPort: 'foobar' }, 'ERR_INVALID_ARG_TYPE'],
    [{ lookup: 'foobar', host: 'localhost' }, 'ERR_INVALID_ARG_TYPE'],
    [{ hints: 99_999, host: 'localhost' }, 'ERR_INVALID_ARG_VALUE'],
    [{ autoSelectFamily: 'yes' }, 'ERR_INVALID_ARG_TYPE'],
    [{ autoSelectFamilyAttemptTimeout: 0 }, 'ERR_OUT_OF_RANGE'],
    [{ autoSelectFamilyAttemptTimeout: '10' }, 'ERR_INVALID_ARG_TYPE'],
  ] as const) {
    const options = { ...to, ...option };
    assert.throws(() => socket.connect(loose(options)), { code }, JSON.stringify(option));
  }
});

row('a host that is an address is not looked up', async (s) => {
  const port = await s.port(s.server((socket) => socket.resume()));
  let asked = 0;
  const lookup: Lookup = (_host, _options, callback) => {
    asked++;
    callback(null, '127.0.0.1', 4);
  };
  await event(s.connect({ port, host: '127.0.0.1', lookup }), 'connect');
  assert.equal(asked, 0);
  await event(s.connect({ port, host: 'a.example', family: 4, lookup }), 'connect');
  assert.equal(asked, 1);
});

row('end() inside the connect handler ends the connection before close', async (s) => {
  const port = await s.port(s.server((socket) => socket.resume()));
  const socket = s.connect(port, '127.0.0.1');
  const log = logOf(socket, 'end', 'finish', 'close', 'error');
  let destroyedAtEnd: boolean | undefined;
  socket.on('end', () => {
    destroyedAtEnd = socket.destroyed;
  });
  socket.on('connect', () => socket.end());
  socket.resume();
  await event(socket, 'close');
  assert.deepEqual(log, ['finish', 'end', 'close']);
  assert.equal(destroyedAtEnd, false);
});

row('resetAndDestroy of a socket that never connected is ERR_SOCKET_CLOSED', async (s) => {
  const socket = s.own(new s.net.Socket());
  const failed = errorOf(socket);
  assert.equal(socket.resetAndDestroy(), socket);
  assert.equal((await failed).code, 'ERR_SOCKET_CLOSED');
  const { client, accepted } = await pairOf(s);
  accepted.on('error', () => {});
  client.destroy();
  const log = logOf(client, 'error');
  client.resetAndDestroy();
  await turns();
  assert.deepEqual(log, [], 'after destroy it does nothing');
});

row('resetAndDestroy while connecting resets the connection once it stands', async (s) => {
  const server = s.server();
  const port = await s.port(server);
  const connection = s.connection(server);
  const client = s.connect(port, '127.0.0.1').on('error', () => {});
  client.resetAndDestroy();
  const accepted = await connection;
  const error = await errorOf(accepted);
  assert.equal(error.code, 'ECONNRESET');
  assert.equal(client.destroyed, true);
});

row('resetAndDestroy sends a reset, twice as once', async (s) => {
  const { client, accepted } = await pairOf(s);
  const failed = errorOf(accepted);
  const log = logOf(client, 'error', 'close');
  client.resetAndDestroy();
  client.resetAndDestroy();
  assert.equal((await failed).code, 'ECONNRESET');
  assert.deepEqual(log, ['close']);
});

row('a signal that is aborted destroys the socket with an AbortError', async (s) => {
  const port = await s.port(s.server((socket) => socket.on('error', () => {})));
  for (const when of ['before', 'connecting', 'connected'] as const) {
    const controller = new AbortController();
    if (when === 'before') controller.abort();
    const socket = s.connect({ port, host: '127.0.0.1', signal: controller.signal });
    const failed = errorOf(socket);
    if (when === 'connected') await event(socket, 'connect');
    controller.abort();
    const error = await failed;
    assert.deepEqual([error.name, error.code], ['AbortError', 'ABORT_ERR'], when);
  }
});
