/** `listen`'s options, `'drop'` and disposal, as the kernel and other processes see them. */
import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { type AddressInfo, createServer as createPlainServer } from 'node:net';
import { join } from 'node:path';
import { linux } from '#internal/sys/linux';
import { descriptorOf, listenerOf, option, ss } from '../contract/kit/kernel.js';
import { peer } from '../contract/kit/peer.js';
import { row, type Scope, type Server } from '../contract/kit/row.js';
import { event, logOf, turns, until } from '../contract/kit/wait.js';

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

async function listening(server: Server, options: object): Promise<number> {
  server.listen(options);
  await event(server, 'listening');
  return typeof server.address() === 'string' ? 0 : portOf(server);
}

row('ipv6Only sets IPV6_V6ONLY, and IPv4 is refused', async (s) => {
  for (const [host, ipv6Only] of [
    ['::', true],
    ['::', false],
    [undefined, true],
  ] as const) {
    const port = await listening(s.server(), { port: 0, host, ipv6Only });
    const fd = descriptorOf(port, 0);
    assert.equal(option(fd, 'IPPROTO_IPV6', 'IPV6_V6ONLY'), ipv6Only ? 1 : 0);
    const refused = ipv6Only ? 'ECONNREFUSED' : null;
    assert.equal(await peer.tryConnect({ port, host: '127.0.0.1' }), refused);
    assert.equal(await peer.tryConnect({ port, host: '::1' }), null);
  }
});

row('reusePort sets SO_REUSEPORT, and two servers share a port', async (s) => {
  const port = await listening(s.server(), { port: 0, host: '127.0.0.1', reusePort: true });
  assert.equal(option(descriptorOf(port, 0), 'SOL_SOCKET', 'SO_REUSEPORT'), 1);
  await listening(s.server(), { port, host: '127.0.0.1', reusePort: true });
  assert.equal(ss('-tl', `sport = :${port}`).length, 2);
  const third = s.server();
  third.listen({ port, host: '127.0.0.1' });
  const [error] = await event<[NodeJS.ErrnoException]>(third, 'error');
  assert.equal(error.code, 'EADDRINUSE');
  const alone = await listening(s.server(), { port: 0, host: '127.0.0.1' });
  assert.equal(option(descriptorOf(alone, 0), 'SOL_SOCKET', 'SO_REUSEPORT'), 0);
});

row('readableAll and writableAll open the socket file to everybody', async (s) => {
  const folder = s.folder();
  for (const [readableAll, writableAll, bits] of [
    [true, false, 0o444],
    [false, true, 0o222],
    [true, true, 0o666],
  ] as const) {
    const mask = process.umask(0o077);
    s.defer(() => process.umask(mask));
    const path = join(folder, `s${bits}`);
    await listening(s.server(), { path, readableAll, writableAll });
    const plain = join(folder, `p${bits}`);
    await listening(s.server(), { path: plain });
    process.umask(mask);
    assert.equal(statSync(path).mode & 0o777, 0o700 | bits);
    assert.equal(statSync(plain).mode & 0o777, 0o700);
    assert.equal(await peer.tryConnect({ path }), null);
  }
});

row('exclusive makes no difference outside a cluster', async (s) => {
  const port = await listening(s.server(), { port: 0, host: '127.0.0.1', exclusive: true });
  assert.equal(listenerOf(port).address, `127.0.0.1:${port}`);
  assert.equal(await peer.tryConnect({ port }), null);
});

/** A descriptor that is bound and does not listen, and its port. */
function boundDescriptor(): { fd: number; port: number } {
  const { AF_INET, SOCK_STREAM } = linux.constants;
  const fd = linux.socket(AF_INET, SOCK_STREAM, 0);
  linux.bind(fd, AF_INET, '127.0.0.1', 0);
  const name = linux.getsockname(fd);
  if (typeof name === 'number') throw new Error(`getsockname: ${name}`);
  return { fd, port: name.port };
}

row('backlog is what the kernel has, in every shape of listen', async (s) => {
  const ownPort = await listening(s.server(), { port: 0, host: '127.0.0.1', backlog: 7 });
  assert.equal(listenerOf(ownPort).backlog, 7);

  const { fd, port } = boundDescriptor();
  const server = s.server();
  await listening(server, { fd, backlog: 9 });
  assert.equal(listenerOf(port).backlog, 9);
  server.close();
  linux.close(fd, -1);

  const bound = new s.net.BoundSocket({ host: '127.0.0.1', port: 0 });
  const boundPort = (bound.address() as AddressInfo).port;
  await listening(s.server(), { handle: bound, backlog: 11 });
  assert.equal(listenerOf(boundPort).backlog, 11);

  const path = join(s.folder(), 'b');
  await listening(s.server(), { path, backlog: 13 });
  const [line] = ss('-xl', `src = unix:${path}`);
  assert.equal(line?.[3], '13');
});

row('signal closes the server when it is aborted, and binds nothing for long before', async (s) => {
  const control = new AbortController();
  const server = s.server();
  const port = await listening(server, { port: 0, host: '127.0.0.1', signal: control.signal });
  control.abort();
  await event(server, 'close');
  assert.equal(server.listening, false);
  assert.equal(await peer.tryConnect({ port }), 'ECONNREFUSED');

  const late = s.server();
  late.listen({ port: 0, host: '127.0.0.1', signal: control.signal });
  await event(late, 'close');
  assert.equal(late.listening, false);
});

row('drop tells both ends of the connection as the peer has them', async (s) => {
  const server = s.server();
  server.maxConnections = 0;
  const port = await s.port(server);
  const dropped = event<[object]>(server, 'drop');
  const { fd, port: localPort } = boundDescriptor();
  s.defer(() => linux.close(fd, -1));
  linux.connect(fd, linux.constants.AF_INET, '127.0.0.1', port);
  assert.deepEqual(
    { ...(await dropped)[0] },
    {
      localAddress: '127.0.0.1',
      localPort: port,
      localFamily: 'IPv4',
      remoteAddress: '127.0.0.1',
      remotePort: localPort,
      remoteFamily: 'IPv4',
    },
  );
  server.maxConnections = 1;
  const connection = event(server, 'connection');
  await peer.connect({ port });
  await connection;
});

row('on a UNIX path drop has no data', async (s) => {
  const path = join(s.folder(), 'd');
  const server = s.server();
  server.maxConnections = 0;
  await listening(server, { path });
  const dropped = event(server, 'drop');
  await (await peer.connect({ path })).until({ closed: true });
  assert.deepEqual(await dropped, []);
});

row('outside a cluster dropMaxConnection changes nothing', async (s) => {
  for (const drop of [true, false]) {
    const server = s.server();
    server.maxConnections = 0;
    server.dropMaxConnection = drop;
    const port = await s.port(server);
    const dropped = event(server, 'drop');
    await (await peer.connect({ port })).until({ closed: true });
    await dropped;
  }
});

async function disposed(server: Server): Promise<string[]> {
  const log = logOf(server, 'close');
  await server[Symbol.asyncDispose]();
  return log;
}

row('Symbol.asyncDispose closes the server, and is fine where it does not listen', async (s) => {
  const idle = s.server();
  assert.deepEqual(await disposed(idle), []);
  const server = s.server();
  const port = await s.port(server);
  const connection = event(server, 'connection');
  const client = await peer.connect({ port });
  await connection;
  let done = false;
  const closing = server[Symbol.asyncDispose]().then(() => {
    done = true;
  });
  assert.equal(await peer.tryConnect({ port }), 'ECONNREFUSED');
  await turns();
  assert.equal(done, false, 'it waits for the connections');
  await client.end();
  await closing;
  assert.deepEqual(await disposed(server), []);
});

row('a port that the built-in has is not taken by exclusive or backlog', async (s: Scope) => {
  const plain = createPlainServer().listen(0, '127.0.0.1');
  s.defer(() => plain.close());
  await event(plain, 'listening');
  const { port } = plain.address() as AddressInfo;
  const server = s.server();
  server.listen({ port, host: '127.0.0.1', exclusive: true, backlog: 3 });
  const [error] = await event<[NodeJS.ErrnoException]>(server, 'error');
  assert.equal(error.code, 'EADDRINUSE');
  await until(() => listenerOf(port).backlog === 511, 'the other server as it was');
});
