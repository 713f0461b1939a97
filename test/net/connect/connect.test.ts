/** `connect`: the shapes of its arguments, its events, its errors. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { ESTABLISHED, tcpEntries } from '../../kit/kernel.js';
import { answering } from '../../kit/lookups.js';
import { peer } from '../../kit/peer.js';
import { farEnd } from '../../kit/peer-pair.js';
import { row, type Socket } from '../../kit/row.js';
import { event, logOf, turns } from '../../kit/wait.js';

type Failure = NodeJS.ErrnoException & { address?: string; port?: number };

row('C020 options name the port, the host and the local address', async (s) => {
  const there = await peer.listen({ host: '127.0.0.1' });
  const { port } = there;
  let called = 0;
  const socket = s.connect({ port, host: '127.0.0.1', localAddress: '127.0.0.9' }, () => called++);
  const { state } = await farEnd(there, socket);
  assert.equal(state.remoteAddress, '127.0.0.9');
  assert.equal(called, 1);
  const plain = s.connect({ port, host: '127.0.0.1' });
  assert.equal((await farEnd(there, plain)).state.remoteAddress, '127.0.0.1');
});

row('C020 the host is localhost where none is given', async (s) => {
  const there = await peer.listen({ host: 'localhost' });
  const socket = s.connect({ port: there.port });
  const looked = event(socket, 'lookup');
  await farEnd(there, socket);
  assert.equal((await looked)[3], 'localhost');
});

row('C020 without a port there is nothing to connect to', ({ net }) => {
  assert.throws(() => net.connect({ host: '127.0.0.1' } as never), { code: 'ERR_MISSING_ARGS' });
  assert.throws(() => net.connect({} as never), { code: 'ERR_MISSING_ARGS' });
});

row('C021 connect({path}) connects to a UNIX socket', async (s) => {
  const path = join(s.folder(), 'there');
  const there = await peer.listen({ path });
  let called = 0;
  const socket = s.connect({ path }, () => called++);
  const { far } = await farEnd(there, socket);
  assert.equal(called, 1);
  socket.end('over a path');
  assert.equal((await far.until({ ended: true })).text, 'over a path');
});

row('C023 connect takes a port, a host and a listener', async (s) => {
  const there = await peer.listen({ host: 'localhost' });
  let called = 0;
  const listener = (): unknown => called++;
  const shapes = [
    s.connect(there.port, '127.0.0.1', listener),
    s.connect(there.port, listener),
    s.connect(there.port, '127.0.0.1'),
    s.connect(there.port),
    s.connect(String(there.port) as never, listener),
  ];
  const lookups = shapes.map((socket) => logOf(socket, 'lookup'));
  await Promise.all(shapes.map((socket) => event(socket, 'connect')));
  for (const socket of shapes) assert.equal(socket.remotePort, there.port);
  assert.equal(called, 3);
  assert.deepEqual(
    lookups.map((log) => log.length > 0),
    [false, true, false, true, true],
    'localhost is a name',
  );
});

row('C024 connect takes a path and a listener', async (s) => {
  const path = join(s.folder(), 'there');
  const there = await peer.listen({ path });
  let called = 0;
  const { far } = await farEnd(
    there,
    s.connect(path, () => called++),
  );
  assert.equal(called, 1);
  await far.write('answer');
  const socket = s.connect(path);
  await farEnd(there, socket);
});

row('C025 the listener is added for connect, once', async (s) => {
  const there = await peer.listen();
  let called = 0;
  const listener = (): unknown => called++;
  const socket = s.connect(there.port, '127.0.0.1', listener);
  assert.ok(socket.listeners('connect').includes(listener));
  await event(socket, 'connect');
  assert.equal(called, 1);
  assert.ok(!socket.listeners('connect').includes(listener));
  socket.emit('connect');
  assert.equal(called, 1);
});

row('C027 a local address of another machine is EADDRNOTAVAIL, then close', async (s) => {
  const there = await peer.listen({ host: '127.0.0.1' });
  const target = { port: there.port, host: '127.0.0.1', localAddress: '203.0.113.7' };
  const socket = s.connect(target);
  const log = logOf(socket, 'connect', 'error', 'close');
  const [error] = await event<[Failure]>(socket, 'error');
  assert.equal(error.code, 'EADDRNOTAVAIL');
  assert.equal(error.syscall, 'bind');
  assert.equal(error.address, '203.0.113.7');
  await turns();
  assert.deepEqual(log, ['error', 'close']);
});

row('C027 a local address of the other family is EINVAL, then close', async (s) => {
  const target = { port: 9, host: '::1', localAddress: '127.0.0.1' };
  const socket = s.connect(target);
  const log = logOf(socket, 'connect', 'error', 'close');
  const [error] = await event<[Failure]>(socket, 'error');
  assert.equal(error.code, 'EINVAL');
  await turns();
  assert.deepEqual(log, ['error', 'close']);
  // What is no address at all is the caller's mistake, as in node:net.
  assert.throws(() => s.connect({ port: 9, localAddress: 'eth0' }), {
    code: 'ERR_INVALID_IP_ADDRESS',
  });
});

row('C028 every address of a name is tried', async (s) => {
  const there = await peer.listen({ host: '127.0.0.1' });
  const lookup = answering('::1', '127.0.0.2', '127.0.0.1');
  const socket = s.connect({ port: there.port, host: 'several.example', lookup });
  await event(socket, 'connect');
  assert.equal(socket.remoteAddress, '127.0.0.1');
  await there.accept();
});

row('C028 where none answers, the error tells of all', async (s) => {
  const there = await peer.listen({ host: '127.0.0.1' });
  const lookup = answering('127.0.0.2', '127.0.0.3');
  const socket = s.connect({ port: there.port, host: 'several.example', lookup });
  const [error] = await event<[AggregateError & Failure]>(socket, 'error');
  assert.equal(error.code, 'ECONNREFUSED');
  const addresses = error.errors.map((one: Failure) => `${one.code} ${one.address}`);
  assert.deepEqual(addresses, ['ECONNREFUSED 127.0.0.2', 'ECONNREFUSED 127.0.0.3']);
});

row('C028 a name that does not exist fails with its lookup’s error', async (s) => {
  const socket = s.connect(80, 'no-such-host.invalid');
  const [error] = await event<[Failure]>(socket, 'error');
  assert.equal(error.syscall, 'getaddrinfo');
});

row('C062 a user-made socket connects to a port, a host and a path', async (s) => {
  const path = join(s.folder(), 'there');
  const [tcp, unix] = [await peer.listen({ host: 'localhost' }), await peer.listen({ path })];
  let called = 0;
  const listener = (): unknown => called++;
  const make = (): Socket => s.own(new s.net.Socket());
  const sockets = [
    make().connect(tcp.port, listener),
    make().connect(tcp.port, '127.0.0.1', listener),
    make().connect(path, listener),
    make().connect({ path }, listener),
    make().connect({ port: tcp.port }, listener),
  ];
  for (const socket of sockets) assert.ok(socket instanceof s.net.Socket);
  await Promise.all(sockets.map((socket) => event(socket, 'connect')));
  assert.equal(called, sockets.length);
  for (const socket of sockets) socket.write('!');
  for (const server of [tcp, tcp, tcp, unix, unix]) {
    assert.equal((await (await server.accept()).until({ bytes: 1 })).text, '!');
  }
});

row('C062 a failure gives error and no connect', async (s) => {
  const path = join(s.folder(), 'nobody');
  for (const target of [{ path }, { port: 1, host: '127.0.0.1' }]) {
    let called = 0;
    const socket = s.own(new s.net.Socket());
    const log = logOf(socket, 'connect', 'error', 'close');
    socket.connect(target, () => called++);
    await event(socket, 'close');
    await turns();
    assert.deepEqual(log, ['error', 'close']);
    assert.equal(called, 0);
  }
});

row('C080 at connect the connection is established', async (s) => {
  const there = await peer.listen();
  const socket = s.connect(there.port, '127.0.0.1');
  const log = logOf(socket, 'connect');
  const state = await new Promise((resolve) => {
    socket.on('connect', () => {
      // The port of a connection that is over may be ours as well, to another server.
      const mine = tcpEntries().find(
        (one) => one.localPort === socket.localPort && one.remotePort === there.port,
      );
      resolve([mine?.remotePort, mine?.state]);
    });
  });
  assert.deepEqual(state, [there.port, ESTABLISHED]);
  await there.accept();
  assert.deepEqual(log, ['connect']);
});

row('C085 errors carry code, errno, syscall and the address', async (s) => {
  const path = join(s.folder(), 'nobody');
  const refused = { errno: -111, code: 'ECONNREFUSED', syscall: 'connect' };
  const cases: [Parameters<typeof s.net.connect>[0], Partial<Failure>][] = [
    [{ port: 1, host: '127.0.0.1' } as never, { ...refused, address: '127.0.0.1', port: 1 }],
    [{ port: 1, host: '::1' } as never, { ...refused, address: '::1', port: 1 }],
    [{ path } as never, { errno: -2, code: 'ENOENT', syscall: 'connect', address: path }],
  ];
  for (const [target, expected] of cases) {
    const socket = s.connect(target as never);
    const log = logOf(socket, 'error', 'close');
    socket.on('error', () => setImmediate(() => log.push('turn')));
    const [error] = await event<[Failure]>(socket, 'error');
    assert.ok(error instanceof Error);
    for (const [key, value] of Object.entries(expected)) {
      assert.equal(error[key as keyof Failure], value, key);
    }
    await turns();
    assert.deepEqual(log, ['error', 'close', 'turn'], 'directly');
  }
});

row(
  'C085 a connection that is reset is an error of read, directly followed by close',
  async (s) => {
    const server = s.server();
    const accepted = s.connection(server);
    const client = await peer.connect({ port: await s.port(server) });
    const socket = await accepted;
    const log = logOf(socket, 'error', 'close');
    socket.on('error', () => setImmediate(() => log.push('turn')));
    socket.resume();
    const failed = event<[Failure]>(socket, 'error');
    await client.reset();
    const [{ code, errno, syscall }] = await failed;
    assert.deepEqual(
      { code, errno, syscall },
      { code: 'ECONNRESET', errno: -104, syscall: 'read' },
    );
    await turns();
    assert.deepEqual(log, ['error', 'close', 'turn']);
  },
);

row('C026 connect returns a Socket at once, before the connection stands', async (s) => {
  const there = await peer.listen();
  const socket = s.connect(there.port, '127.0.0.1');
  assert.ok(socket instanceof s.net.Socket);
  assert.equal(socket.connecting, true);
  assert.equal(socket.remotePort, undefined);
  await event(socket, 'connect');
  assert.equal(socket.connecting, false);
  assert.equal(socket.remotePort, there.port);
});
