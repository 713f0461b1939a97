/**
 * `_handle`: its methods, what a program puts in their place, and a handle given to a new socket.
 * From Node's own tests, in our words.
 */
import assert from 'node:assert/strict';
import { loose } from '../../kit/bad-arguments.js';
import { pairOf } from '../../kit/our-pair.js';
import { errorOf } from '../../kit/outcomes.js';
import { row, type Scope, type Server, type Socket } from '../../kit/row.js';
import { event } from '../../kit/wait.js';

type Call = (this: unknown, ...args: unknown[]) => number;
type Patched = Record<string, Call | undefined>;

/** Puts a function before a handle's own one, and returns the arguments of each call. */
function spy(handle: unknown, name: string): unknown[][] {
  const calls: unknown[][] = [];
  const patched = handle as Patched;
  const original = patched[name] as Call;
  patched[name] = function (...args) {
    calls.push(args);
    return original.apply(this, args);
  };
  return calls;
}

row('noDelay of connect reaches the handle once, if it is truthy', async (s) => {
  const port = await s.port(s.server((socket) => socket.resume()));
  for (const [noDelay, expected] of [
    [true, [[true]]],
    [1, [[true]]],
    ['yes', [[true]]],
    [{}, [[true]]],
    [false, []],
    [0, []],
    ['', []],
  ] as const) {
    const socket = s.connect({ port, host: '127.0.0.1', noDelay: loose(noDelay) });
    const calls = spy(socket._handle, 'setNoDelay');
    await event(socket, 'connect');
    assert.deepEqual(calls, expected, `noDelay: ${JSON.stringify(noDelay)}`);
    socket.destroy();
  }
});

row('keepAlive of connect reaches the handle once, in whole seconds', async (s) => {
  const port = await s.port(s.server((socket) => socket.resume()));
  const keepAlive = { keepAlive: true, keepAliveInitialDelay: 61_900 };
  const socket = s.connect({ port, host: '127.0.0.1', ...keepAlive });
  const calls = spy(socket._handle, 'setKeepAlive');
  await event(socket, 'connect');
  assert.deepEqual(
    calls.map((args) => args.slice(0, 2)),
    [[true, 61]],
  );
});

row('setNoDelay and setKeepAlive call the handle for changes only', async (s) => {
  const { client } = await pairOf(s);
  const noDelay = spy(client._handle, 'setNoDelay');
  const keepAlive = spy(client._handle, 'setKeepAlive');
  client.setNoDelay().setNoDelay(true).setNoDelay(false).setNoDelay(false);
  assert.deepEqual(noDelay, [[true], [false]]);
  client.setKeepAlive(true, 1000).setKeepAlive(true, 1000).setKeepAlive(true, 2000);
  client.setKeepAlive(false, 2000);
  const shown = keepAlive.map((args) => args.slice(0, 2));
  assert.deepEqual(shown, [
    [true, 1],
    [true, 2],
    [false, 2],
  ]);
});

type OnConnection = (this: unknown, error: unknown, handle: unknown) => void;

/** Replaces a server's `onconnection` by one that looks at each handle first. */
function intercept(server: Server, look: (handle: unknown) => void): void {
  const serverHandle = server._handle as unknown as { onconnection: OnConnection };
  const original = serverHandle.onconnection;
  serverHandle.onconnection = (error, handle) => {
    look(handle);
    original.call(serverHandle, error, handle);
  };
}

row('onconnection of a server’s handle can be replaced, and sees the options set', async (s) => {
  const server = s.server({ noDelay: true, keepAlive: true, keepAliveInitialDelay: 5000 });
  const port = await s.port(server);
  const seen: Record<string, unknown[][]> = {};
  let events = 0;
  intercept(server, (handle) => {
    events = server.listenerCount('connection');
    for (const name of ['setNoDelay', 'setKeepAlive']) seen[name] = spy(handle, name);
  });
  const accepted = s.connection(server);
  s.connect(port, '127.0.0.1');
  const socket = await accepted;
  assert.ok(events > 0, 'called before the connection was handed over');
  assert.deepEqual(seen['setNoDelay'], [[true]]);
  assert.deepEqual(seen['setKeepAlive']?.[0]?.slice(0, 2), [true, 5]);
  socket.setNoDelay(true).setKeepAlive(true, 5000);
  assert.equal(seen['setNoDelay']?.length, 1, 'the option is not set again');
  assert.equal(seen['setKeepAlive']?.length, 1);
});

row('_handle is null before a connection, after destroy, and after close', async (s) => {
  const fresh = s.own(new s.net.Socket());
  assert.equal(fresh._handle, null);
  const { client, accepted } = await pairOf(s);
  assert.equal(typeof client._handle?.fd, 'number');
  client.destroy();
  assert.equal(client._handle, null);
  accepted.resume();
  await event(accepted, 'close');
  assert.equal(accepted._handle, null);
  const server = s.server();
  assert.equal(server._handle, null);
  await s.port(server);
  assert.ok(server._handle !== null);
  server.close();
  assert.equal(server._handle, null);
});

row('the timeout of a socket that has no handle any more does nothing', async (s) => {
  const { client } = await pairOf(s);
  let timeouts = 0;
  client.setTimeout(20, () => timeouts++);
  client.destroy();
  await new Promise((resolve) => setTimeout(resolve, 60));
  assert.equal(timeouts, 0);
  assert.equal(client._handle, null);
});

row('a write after its handle was closed fails with write EBADF', async (s) => {
  const { client } = await pairOf(s);
  const failed = errorOf(client);
  (client._handle as unknown as { close(): void }).close();
  client.write('x');
  const error = await failed;
  assert.equal(error.message, 'write EBADF');
  assert.equal(error.code, 'EBADF');
  assert.equal(error.syscall, 'write');
});

row('a write after _handle was set to null fails with ERR_SOCKET_CLOSED', async (s) => {
  const { client } = await pairOf(s);
  const failed = errorOf(client);
  (client._handle as unknown as { close(): void }).close();
  client._handle = null;
  client.write('x');
  const error = await failed;
  assert.equal(error.code, 'ERR_SOCKET_CLOSED');
  assert.equal(error.message, 'Socket is closed');
});

function sharing(s: Scope, first: Socket): Socket {
  return s.own(new s.net.Socket({ handle: first._handle }));
}

row('new Socket({handle}) goes on with another socket’s connection', async (s) => {
  const { client, accepted } = await pairOf(s);
  const second = sharing(s, client);
  accepted.setEncoding('latin1');
  second.write('through the handle');
  const [text] = await event(accepted, 'data');
  assert.equal(text, 'through the handle');
  assert.equal(second.remotePort, accepted.localPort);
});

row('address() throws what getsockname says', async (s) => {
  const server = s.server();
  await s.port(server);
  const handle = server._handle as unknown as Patched;
  handle['getsockname'] = () => -9;
  assert.throws(() => server.address(), {
    code: 'EBADF',
    syscall: 'address',
    message: /^address EBADF/,
  });
});
