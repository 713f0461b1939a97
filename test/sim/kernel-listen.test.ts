/** Listening, accepting and binding, on Linux and on the simulator that is held to it. */
import assert from 'node:assert/strict';
import { behaviour } from './kit/behaviour.js';

const PORTS_TRIED = 20;

behaviour('accept without a connection is EAGAIN, without listening EINVAL', (k) => {
  const { fd } = k.listener();
  k.fails(k.kernel.accept(fd), 'EAGAIN');
  k.fails(k.kernel.accept(k.tcp()), 'EINVAL');
  k.is(k.option(fd, k.c.SOL_SOCKET, k.c.SO_ACCEPTCONN), 1);
  k.is(k.option(k.tcp(), k.c.SOL_SOCKET, k.c.SO_ACCEPTCONN), 0);
});

behaviour('a listener reports each time a connection comes in', async (k) => {
  const { fd, port } = k.listener();
  k.watch(fd);
  assert.deepEqual(await k.events(fd), []);
  k.connect(k.tcp(), port);
  assert.deepEqual(await k.events(fd), ['IN']);
  k.connect(k.tcp(), port);
  assert.deepEqual(await k.events(fd), ['IN']);
  k.ok(k.kernel.accept(fd));
  k.ok(k.kernel.accept(fd));
  k.fails(k.kernel.accept(fd), 'EAGAIN');
  assert.deepEqual(await k.events(fd), []);
});

behaviour('TCP_INFO of a listener says how many connections wait', async (k) => {
  const { fd, port } = k.listener();
  const info = new Uint8Array(32);
  const waiting = (): number => {
    const { IPPROTO_TCP, TCP_INFO } = k.c;
    assert.equal(k.ok(k.kernel.getsockopt(fd, IPPROTO_TCP, TCP_INFO, info)), info.length);
    assert.equal(info[0], 10, 'the state is not that of a listener');
    const words = new Uint32Array(info.buffer);
    assert.ok((words[7] as number) > 0, 'the backlog is not said');
    return words[6] as number;
  };
  assert.equal(waiting(), 0);
  for (const count of [1, 2, 3]) {
    k.connect(k.tcp(), port);
    await k.settle();
    assert.equal(waiting(), count);
  }
  k.ok(k.kernel.accept(fd));
  assert.equal(waiting(), 2);
});

behaviour('connections are accepted in the order they came in', async (k) => {
  const { fd, port } = k.listener();
  const clients = [k.tcp(), k.tcp(), k.tcp()];
  for (const client of clients) {
    k.connect(client, port);
    await k.settle();
  }
  for (const client of clients) {
    const server = k.ok(k.kernel.accept(fd));
    assert.deepEqual(k.kernel.getpeername(server), k.kernel.getsockname(client));
  }
});

behaviour('one who left before being accepted is accepted, with what was sent', async (k) => {
  const { fd, port } = k.listener();
  const client = k.tcp();
  k.connect(client, port);
  await k.settle();
  k.write(client, 'gone');
  k.close(client);
  await k.settle();
  const server = k.ok(k.kernel.accept(fd));
  assert.equal(k.read(server), 'gone');
  assert.equal(k.read(server), '');
});

behaviour(
  'one who was reset before being accepted is accepted, and then has the error',
  async (k) => {
    const { fd, port } = k.listener();
    const client = k.tcp();
    k.connect(client, port);
    await k.settle();
    k.lingerOff(client);
    k.close(client);
    await k.settle();
    const server = k.ok(k.kernel.accept(fd));
    assert.equal(k.read(server), '[ECONNRESET]');
  },
);

behaviour('closing a listener resets who waits to be accepted', async (k) => {
  const { fd, port } = k.listener();
  const client = k.tcp();
  k.connect(client, port);
  await k.settle();
  k.close(fd);
  await k.settle();
  assert.equal(k.read(client), '[ECONNRESET]');
});

behaviour('shutdown of a listener ends listening', async (k) => {
  const { fd, port } = k.listener();
  k.is(k.kernel.shutdown(fd, k.c.SHUT_WR), 0);
  k.fails(k.kernel.accept(fd), 'EAGAIN');
  k.is(k.kernel.shutdown(fd, k.c.SHUT_RD), 0);
  k.fails(k.kernel.accept(fd), 'EINVAL');
  const client = k.tcp();
  k.connect(client, port);
  await k.settle();
  assert.equal(k.pendingError(client), 'ECONNREFUSED');
});

behaviour('a port in use is EADDRINUSE when binding; with SO_REUSEADDR too while listened', (k) => {
  const { port } = k.listener();
  const plain = k.tcp();
  k.fails(k.kernel.bind(plain, k.c.AF_INET, '127.0.0.1', port), 'EADDRINUSE');
  const reusing = k.tcp();
  k.is(k.kernel.setsockopt(reusing, k.c.SOL_SOCKET, k.c.SO_REUSEADDR, 1), 0);
  k.fails(k.kernel.bind(reusing, k.c.AF_INET, '127.0.0.1', port), 'EADDRINUSE');
  k.fails(k.kernel.bind(k.tcp(), k.c.AF_INET, '0.0.0.0', port), 'EADDRINUSE');
  k.is(k.kernel.bind(k.tcp(), k.c.AF_INET, '127.0.0.2', port), 0);
});

behaviour('two with SO_REUSEADDR bind one port, the second to listen fails', (k) => {
  const [a, b] = [k.tcp(), k.tcp()];
  for (const fd of [a, b]) k.kernel.setsockopt(fd, k.c.SOL_SOCKET, k.c.SO_REUSEADDR, 1);
  k.is(k.kernel.bind(a, k.c.AF_INET, '127.0.0.1', 0), 0);
  k.is(k.kernel.bind(b, k.c.AF_INET, '127.0.0.1', k.portOf(a)), 0);
  k.is(k.kernel.listen(a, 1), 0);
  k.fails(k.kernel.listen(b, 1), 'EADDRINUSE');
});

behaviour('two with SO_REUSEPORT listen on one port', (k) => {
  const [a, b] = [k.tcp(), k.tcp()];
  for (const fd of [a, b]) k.kernel.setsockopt(fd, k.c.SOL_SOCKET, k.c.SO_REUSEPORT, 1);
  k.is(k.kernel.bind(a, k.c.AF_INET, '127.0.0.1', 0), 0);
  k.is(k.kernel.listen(a, 1), 0);
  k.is(k.kernel.bind(b, k.c.AF_INET, '127.0.0.1', k.portOf(a)), 0);
  k.is(k.kernel.listen(b, 1), 0);
});

behaviour('bad addresses have their errors', (k) => {
  const fd = k.tcp();
  k.fails(k.kernel.bind(fd, k.c.AF_INET, '192.0.2.1', 0), 'EADDRNOTAVAIL');
  k.fails(k.kernel.bind(fd, k.c.AF_INET, 'nonsense', 0), 'EINVAL');
  k.fails(k.kernel.bind(fd, k.c.AF_INET, '::1', 0), 'EINVAL');
  k.fails(k.kernel.bind(fd, k.c.AF_INET, '127.0.0.1', 65_536), 'EINVAL');
  k.fails(k.kernel.bind(fd, k.c.AF_INET, '127.0.0.1', -1), 'EINVAL');
  k.fails(k.kernel.bind(fd, 77, '127.0.0.1', 0), 'EAFNOSUPPORT');
  k.is(k.kernel.bind(fd, k.c.AF_INET, '127.0.0.1', 0), 0);
  k.fails(k.kernel.bind(fd, k.c.AF_INET, '127.0.0.1', 0), 'EINVAL');
});

behaviour(
  'listen binds a socket that has no address yet; a connected one can not listen',
  async (k) => {
    const fd = k.tcp();
    k.is(k.kernel.listen(fd, 1), 0);
    assert(k.portOf(fd) > 0);
    const { client } = await k.tcpPair();
    k.fails(k.kernel.listen(client, 1), 'EINVAL');
  },
);

behaviour('a connection has the options of its listener', async (k) => {
  const { c } = k;
  const { server } = await k.tcpPair((_client, listener) => {
    k.is(k.kernel.setsockopt(listener, c.IPPROTO_TCP, c.TCP_NODELAY, 1), 0);
    k.is(k.kernel.setsockopt(listener, c.SOL_SOCKET, c.SO_KEEPALIVE, 1), 0);
  });
  k.is(k.option(server, c.IPPROTO_TCP, c.TCP_NODELAY), 1);
  k.is(k.option(server, c.SOL_SOCKET, c.SO_KEEPALIVE), 1);
  k.is(k.option(server, c.SOL_SOCKET, c.SO_DOMAIN), c.AF_INET);
  k.is(k.option(server, c.SOL_SOCKET, c.SO_TYPE), c.SOCK_STREAM);
});

behaviour('options keep what they are set to, within their range', (k) => {
  const { c } = k;
  const fd = k.tcp();
  k.is(k.kernel.setsockopt(fd, c.IPPROTO_TCP, c.TCP_KEEPIDLE, 33), 0);
  k.is(k.option(fd, c.IPPROTO_TCP, c.TCP_KEEPIDLE), 33);
  k.fails(k.kernel.setsockopt(fd, c.IPPROTO_TCP, c.TCP_KEEPIDLE, 0), 'EINVAL');
  k.fails(k.kernel.setsockopt(fd, c.IPPROTO_TCP, c.TCP_KEEPCNT, 128), 'EINVAL');
  k.is(k.kernel.setsockopt(fd, c.IPPROTO_TCP, c.TCP_NODELAY, 5), 0);
  k.is(k.option(fd, c.IPPROTO_TCP, c.TCP_NODELAY), 1);
  k.is(k.kernel.setsockopt(fd, c.SOL_SOCKET, c.SO_RCVBUF, 8192), 0);
  k.is(k.option(fd, c.SOL_SOCKET, c.SO_RCVBUF), 16_384);
  k.is(k.kernel.setsockopt(fd, c.IPPROTO_IP, c.IP_TOS, 0x10), 0);
  k.is(k.option(fd, c.IPPROTO_IP, c.IP_TOS), 0x10);
  k.fails(k.kernel.setsockopt(fd, c.IPPROTO_IPV6, c.IPV6_V6ONLY, 1), 'ENOPROTOOPT');
  k.fails(k.kernel.setsockopt(k.unix(), c.IPPROTO_TCP, c.TCP_NODELAY, 1), 'EOPNOTSUPP');
});

behaviour('an IPv6 listener on any address takes IPv4 too, unless told not to', async (k) => {
  const { c } = k;
  const both = k.tcp(c.AF_INET6);
  k.is(k.kernel.bind(both, c.AF_INET6, '::', 0), 0);
  k.is(k.kernel.listen(both, 4), 0);
  const port = k.portOf(both);
  const client = k.tcp();
  k.connect(client, port);
  await k.settle();
  const server = k.ok(k.kernel.accept(both));
  const peer = { family: c.AF_INET6, address: '::ffff:127.0.0.1', port: k.portOf(client) };
  assert.deepEqual(k.kernel.getpeername(server), peer);
  k.fails(k.kernel.bind(k.tcp(), c.AF_INET, '0.0.0.0', port), 'EADDRINUSE');
  // A port that is free in IPv6 may be another program's in IPv4: then another one is tried.
  const besideV4 = (): number => {
    const only = k.tcp(c.AF_INET6);
    k.is(k.kernel.setsockopt(only, c.IPPROTO_IPV6, c.IPV6_V6ONLY, 1), 0);
    k.is(k.kernel.bind(only, c.AF_INET6, '::', 0), 0);
    return k.kernel.bind(k.tcp(), c.AF_INET, '0.0.0.0', k.portOf(only));
  };
  let bound = besideV4();
  for (let more = PORTS_TRIED; bound !== 0 && more > 0; more--) bound = besideV4();
  k.is(bound, 0);
});
