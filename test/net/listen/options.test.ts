/** `listen`'s options, as the kernel and other processes see them. */
import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { type AddressInfo, createServer as createPlainServer } from 'node:net';
import { join } from 'node:path';
import { linux } from '#internal/sys/linux';
import { descriptorOf, listenerOf, option, ss } from '../../kit/kernel.js';
import { peer } from '../../kit/peer.js';
import { row, type Scope } from '../../kit/row.js';
import { boundDescriptor, listening } from '../../kit/servers.js';
import { event, until } from '../../kit/wait.js';

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
