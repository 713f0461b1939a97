/** C030–C043, C049: listening. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { constants, networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { kSetup } from '#internal/net/symbols';
import { linux } from '#internal/sys/linux';
import { type Host, systemHost } from '#internal/transport/host';
import { LISTEN, listenerOf, ss, TIME_WAIT, tcpEntries } from '../../kit/kernel.js';
import { peer } from '../../kit/peer.js';
import { onProfile, row, type Scope, type Server } from '../../kit/row.js';
import { program } from '../../kit/scripts.js';
import { need, peerCommand } from '../../kit/tools.js';
import { event, logOf, turns, until } from '../../kit/wait.js';

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** The kernel cuts what is asked for. */
const SOMAXCONN = Number(readFileSync('/proc/sys/net/core/somaxconn', 'utf8'));

function somePort(s: Scope): Promise<number> {
  const server = s.server();
  return s.port(server).then((port) => {
    server.close();
    return port;
  });
}

type Shape = (server: Server, port: number, callback: () => void) => Server;
const SHAPES: [Shape, string, number][] = [
  [(server, port, cb) => server.listen(port, cb), '*', 511],
  [(server, port, cb) => server.listen(port).once('listening', cb), '*', 511],
  [(server, port, cb) => server.listen(port, '127.0.0.1', cb), '127.0.0.1', 511],
  [(server, port, cb) => server.listen(port, '127.0.0.1').on('listening', cb), '127.0.0.1', 511],
  [(server, port, cb) => server.listen(port, '127.0.0.1', 12, cb), '127.0.0.1', 12],
  [(server, port, cb) => server.listen(port, 13, cb), '*', 13],
  [(server, port, cb) => server.listen(port, undefined, 14, cb), '*', 14],
  [(server, port, cb) => server.listen(String(port) as never, cb), '*', 511],
  [(server, port, cb) => server.listen({ port, host: '127.0.0.1', backlog: 15 }, cb), '127', 15],
];

row('C030 listen takes each shape of its arguments', async (s) => {
  for (const [shape, host, backlog] of SHAPES) {
    const port = await somePort(s);
    const server = s.server();
    let called = 0;
    assert.equal(
      shape(server, port, () => called++),
      server,
      String(shape),
    );
    await event(server, 'listening');
    assert.equal(called, 1, String(shape));
    const listening = listenerOf(port);
    assert.equal(listening.backlog, Math.min(backlog, SOMAXCONN), String(shape));
    if (host !== '*') assert.ok(listening.address.startsWith(host), String(shape));
    await peer.connect({ port, host: '127.0.0.1' });
    server.close();
  }
});

row('C030 without a port, or with a callback alone, any port is taken', async (s) => {
  const shapes: ((server: Server) => Server)[] = [
    (server) => server.listen(),
    (server) => server.listen((() => {}) as never),
    (server) => server.listen(undefined, () => {}),
    (server) => server.listen(null as never, () => {}),
  ];
  for (const shape of shapes) {
    const server = shape(s.server());
    await event(server, 'listening');
    await peer.connect({ port: portOf(server), host: '127.0.0.1' });
  }
});

/** Every IPv4 address of this machine, and one of the loopback network nobody configured. */
function ipv4Addresses(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return ['127.1.2.3', ...all.filter((one) => one.family === 'IPv4').map((one) => one.address)];
}

onProfile('barewire', 'C031 without a host any IPv4 address is bound', async (s) => {
  const server = s.server().listen(0);
  await event(server, 'listening');
  const port = portOf(server);
  assert.deepEqual(server.address(), { address: '0.0.0.0', family: 'IPv4', port });
  assert.equal(listenerOf(port).address, `0.0.0.0:${port}`);
  for (const host of ipv4Addresses()) await peer.connect({ port, host });
  assert.equal(await peer.tryConnect({ port, host: '::1' }), 'ECONNREFUSED');
});

onProfile('barewire/node', 'C031 without a host any address is bound', async (s) => {
  const server = s.server().listen(0);
  await event(server, 'listening');
  const port = portOf(server);
  assert.deepEqual(server.address(), { address: '::', family: 'IPv6', port });
  assert.equal(listenerOf(port).address, `*:${port}`);
  for (const host of [...ipv4Addresses(), '::1']) await peer.connect({ port, host });
});

/** This thread's host, on a machine whose kernel has no IPv6. */
function withoutIPv6(): Host {
  const { AF_INET6 } = linux.constants;
  const socket: typeof linux.socket = (family, type, protocol) =>
    family === AF_INET6 ? -constants.errno.EAFNOSUPPORT : linux.socket(family, type, protocol);
  return { ...systemHost(), kernel: { ...linux, socket } };
}

row('C031 without IPv6 any IPv4 address is bound', async (s) => {
  class Server extends s.net.Server {
    override get [kSetup]() {
      return { ...super[kSetup], host: withoutIPv6() };
    }
  }
  const server = s.ownServer(new Server()).listen(0);
  await event(server, 'listening');
  const port = portOf(server);
  assert.deepEqual(server.address(), { address: '0.0.0.0', family: 'IPv4', port });
  assert.equal(listenerOf(port).address, `0.0.0.0:${port}`);
  await peer.connect({ port, host: '127.0.0.1' });
});

row('C032 port 0 gives a free port, which address() tells', async (s) => {
  const ports = [await s.port(s.server()), await s.port(s.server())];
  assert.notEqual(ports[0], ports[1]);
  for (const port of ports) {
    assert.ok(port > 0);
    assert.ok(tcpEntries().some((one) => one.localPort === port && one.state === LISTEN));
    await peer.connect({ port });
  }
});

row('C033 the backlog is 511, or what was given', async (s) => {
  const cases: [number | undefined, number][] = [
    [undefined, 511],
    [1, 1],
    [77, 77],
  ];
  for (const [given, expected] of cases) {
    const server = s.server().listen(0, '127.0.0.1', given);
    await event(server, 'listening');
    assert.equal(listenerOf(portOf(server)).backlog, Math.min(expected, SOMAXCONN));
  }
});

row('C034 listening comes after listen returned; the callback listens for it', async (s) => {
  const targets = [{ port: 0 }, { port: 0, host: '127.0.0.1' }, { path: join(s.folder(), 'x') }];
  for (const target of targets) {
    const server = s.server();
    const log = logOf(server, 'listening');
    const callback = (): void => {
      log.push('callback');
    };
    server.listen(target, callback);
    assert.deepEqual(server.listeners('listening').includes(callback), true);
    assert.deepEqual(log, []);
    await event(server, 'listening');
    assert.deepEqual(log, ['listening', 'callback']);
    assert.equal(server.listeners('listening').includes(callback), false, 'once');
  }
});

row('C035 a port in use is an error that comes later', async (s) => {
  const { port } = await peer.listen({ host: '127.0.0.1' });
  for (const target of [{ port }, { port, host: '127.0.0.1' }]) {
    const server = s.server();
    const log = logOf(server, 'listening', 'error');
    server.listen(target);
    assert.deepEqual(log, []);
    const [error] = await event<[NodeJS.ErrnoException & { port: number }]>(server, 'error');
    assert.equal(error.code, 'EADDRINUSE');
    assert.equal(error.syscall, 'listen');
    assert.equal(error.port, port);
    await turns();
    assert.deepEqual(log, ['error']);
    assert.equal(server.listening, false);
  }
});

row('C035 the manual’s retry listens once the port is free', async (s) => {
  const there = await peer.listen({ host: '127.0.0.1' });
  const [PORT, HOST] = [there.port, '127.0.0.1'];
  const server = s.server();
  let retries = 0;
  server.on('error', (e: NodeJS.ErrnoException) => {
    if (e.code !== 'EADDRINUSE') throw e;
    if (++retries === 2) void there.close();
    setTimeout(() => {
      server.close();
      server.listen(PORT, HOST);
    }, 20);
  });
  server.listen(PORT, HOST);
  await event(server, 'listening');
  assert.ok(retries >= 2);
  const accepted = s.connection(server);
  await peer.connect({ port: PORT });
  await accepted;
});

row('C036 a port with connections in TIME_WAIT can be bound again', async (s) => {
  const first = s.server((socket) => socket.end());
  const port = await s.port(first);
  const client = await peer.connect({ port });
  await client.until({ ended: true });
  const waiting = (): boolean =>
    tcpEntries().some((one) => one.localPort === port && one.state === TIME_WAIT);
  await until(waiting, 'TIME_WAIT');
  const closed = event(first, 'close');
  first.close();
  await closed;
  const second = s.server().listen(port, '127.0.0.1');
  await event(second, 'listening');
  assert.ok(waiting(), 'still there');
  await peer.connect({ port });
});

row('C037 a server on a UNIX path answers nc', async (s) => {
  const path = join(s.folder(), 'here');
  const server = s.server((socket) => socket.end('over a path'));
  let called = 0;
  server.listen(path, () => called++);
  await event(server, 'listening');
  assert.equal(called, 1);
  assert.equal(server.address(), path);
  const [command, ...args] = peerCommand(s.t, 'nc', '-N', '-U', path);
  const nc = program(s, command, args);
  await nc.printed(/^over a path$/);
  nc.end();
  assert.equal(await nc.exit(), 0);
  server.close();
  assert.equal(existsSync(path), false, 'the file goes with the server');
});

row('C037 a path that cannot be bound is an error with the system’s code', async (s) => {
  const folder = s.folder();
  await peer.listen({ path: join(folder, 'used') });
  writeFileSync(join(folder, 'file'), '');
  const cases: [string, RegExp][] = [
    [join(folder, 'x'.repeat(108)), /^(ENAMETOOLONG|EINVAL)$/],
    [join(folder, 'none', 'x'), /^(ENOENT|EACCES)$/],
    [join(folder, 'file', 'x'), /^ENOTDIR$/],
    [join(folder, 'used'), /^EADDRINUSE$/],
  ];
  for (const [path, code] of cases) {
    const server = s.server().listen(path);
    const [error] = await event<[NodeJS.ErrnoException & { address: string }]>(server, 'error');
    assert.match(error.code ?? '', code, path);
    assert.equal(error.syscall, 'listen');
    assert.equal(error.address, path);
  }
  assert.deepEqual(readdirSync(folder).sort(), ['file', 'used'], 'no truncated path');
});

/** A descriptor that is bound and does not listen yet, as another program might leave it. */
function boundDescriptor(s: Scope): { fd: number; port: number } {
  const { AF_INET, SOCK_STREAM } = linux.constants;
  const fd = linux.socket(AF_INET, SOCK_STREAM, 0);
  assert.equal(linux.bind(fd, AF_INET, '127.0.0.1', 0), 0);
  const name = linux.getsockname(fd);
  if (typeof name === 'number') throw new Error(`getsockname ${name}`);
  linux.release(fd);
  s.defer(() => {
    if (linux.adopt(fd) === 0) linux.close(fd, -1);
  });
  return { fd, port: name.port };
}

row('C038 listen takes a bound descriptor', async (s) => {
  for (const wrap of [(fd: number) => ({ fd }), (fd: number) => ({ _handle: { fd } })]) {
    const { fd, port } = boundDescriptor(s);
    const server = s.server((socket) => socket.end('taken')).listen(wrap(fd));
    await event(server, 'listening');
    assert.equal(portOf(server), port);
    assert.equal(listenerOf(port).backlog, Math.min(511, SOMAXCONN));
    const client = await peer.connect({ port });
    assert.equal((await client.until({ ended: true })).text, 'taken');
    server.close();
  }
});

row('C038 listen takes another server, and both accept', async (s) => {
  const first = s.server((socket) => socket.end('answer'));
  const port = await s.port(first);
  const second = s.server((socket) => socket.end('answer')).listen(first);
  await event(second, 'listening');
  assert.equal(portOf(second), port);
  first.close();
  const client = await peer.connect({ port });
  assert.equal((await client.until({ ended: true })).text, 'answer');
});

row('C038 listen takes a server on a UNIX path', async (s) => {
  const path = join(s.folder(), 'here');
  const first = s.server().listen(path);
  await event(first, 'listening');
  const second = s.server((socket) => socket.end('second')).listen(first);
  await event(second, 'listening');
  first.removeAllListeners('connection').on('connection', (socket) => socket.end('first'));
  const client = await peer.connect({ path });
  assert.match((await client.until({ ended: true })).text, /^(first|second)$/);
});

row('C039 listen(handle) is asynchronous, its callback a listener', async (s) => {
  const server = s.server();
  const log = logOf(server, 'listening', 'error');
  const callback = (): void => {
    log.push('callback');
  };
  server.listen({ fd: boundDescriptor(s).fd }, callback);
  assert.deepEqual(log, []);
  assert.ok(server.listeners('listening').includes(callback));
  await event(server, 'listening');
  assert.deepEqual(log, ['listening', 'callback']);
});

row('C042 address() tells what the system says', async (s) => {
  const four = s.server();
  const port = await s.port(four);
  assert.deepEqual(four.address(), { port, family: 'IPv4', address: '127.0.0.1' });
  assert.equal(ss('-tl', `src 127.0.0.1:${port}`).length, 1);
  const six = s.server().listen(0, '::1');
  await event(six, 'listening');
  assert.deepEqual(six.address(), { port: portOf(six), family: 'IPv6', address: '::1' });
  assert.equal(ss('-tl', `src [::1]:${portOf(six)}`).length, 1);
  const path = join(s.folder(), 'x');
  const unix = s.server().listen(path);
  await event(unix, 'listening');
  assert.equal(unix.address(), path);
});

row('C043 address() can be used from listening on', async (s) => {
  const server = s.server().listen(0, '127.0.0.1');
  const seen = await new Promise((resolve) => {
    server.on('listening', () => resolve(server.address()));
  });
  assert.deepEqual(seen, { port: portOf(server), family: 'IPv4', address: '127.0.0.1' });
  await peer.connect({ port: portOf(server) });
  server.close();
  assert.equal(server.address(), null);
});

row('C049 at listening the server has been bound', async (s) => {
  need('ss');
  const server = s.server().listen(0, 'localhost');
  const bound = await new Promise((resolve) => {
    server.on('listening', () => resolve(listenerOf(portOf(server)).address));
  });
  assert.equal(bound, `127.0.0.1:${portOf(server)}`);
  assert.equal(server.listening, true);
});
