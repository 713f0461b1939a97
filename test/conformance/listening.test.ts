/** Listening, as Node's own tests try it, in our words. */
import assert from 'node:assert/strict';
import { closeSync, openSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { row } from '../contract/kit/row.js';
import { event, logOf, turns } from '../contract/kit/wait.js';
import { errorOf, loose, pairOf, thrownBy } from './kit.js';

row('listening on the descriptor of a file is EINVAL', async (s) => {
  const path = join(s.folder(), 'file');
  writeFileSync(path, '');
  const fd = openSync(path, 'r');
  s.defer(() => closeSync(fd));
  const error = await errorOf(s.server().listen({ fd }));
  assert.deepEqual([error.code, error.syscall], ['EINVAL', 'listen']);
});

row('listening on a descriptor that is not open is an error that comes later', async (s) => {
  const server = s.server().listen({ fd: 1_000_000 });
  const error = await errorOf(server);
  assert.match(error.code ?? '', /^(EBADF|EINVAL)$/);
  assert.equal(server.listening, false);
});

row('_connectionKey tells family, address and port, or the path', async (s) => {
  const keyOf = (server: object): unknown => Reflect.get(server, '_connectionKey');
  const path = join(s.folder(), 'x');
  for (const [where, key] of [
    [{ port: 0, host: '127.0.0.1' }, '4:127.0.0.1:0'],
    [{ port: 0, host: '::1' }, '6:::1:0'],
    [{ port: 0 }, s.profile === 'barewire' ? '4:0.0.0.0:0' : '6::::0'],
    [{ path }, `-1:${path}:-1`],
  ] as const) {
    const server = s.server().listen(where);
    await event(server, 'listening');
    assert.equal(keyOf(server), key);
  }
});

row('ports that are none throw ERR_SOCKET_BAD_PORT at once', (s) => {
  for (const port of [-1, 65_536, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    for (const argument of [port, { port }, { port: String(port) }]) {
      const error = thrownBy(() => s.server().listen(loose<number>(argument)));
      assert.equal(error?.code, 'ERR_SOCKET_BAD_PORT', JSON.stringify(argument));
      assert.ok(error instanceof RangeError);
    }
  }
});

row('options without a port, a path, a descriptor or a handle throw at once', (s) => {
  for (const options of [{}, { host: '127.0.0.1' }, { fd: 'x' }, { path: 5 }, true, false]) {
    const error = thrownBy(() => s.server().listen(loose<number>(options)));
    assert.equal(error?.code, 'ERR_INVALID_ARG_VALUE', JSON.stringify(options));
  }
});

row('a listening server refuses to listen again, and goes on', async (s) => {
  const server = s.server((socket) => socket.end());
  const port = await s.port(server);
  assert.equal(thrownBy(() => server.listen(0))?.code, 'ERR_SERVER_ALREADY_LISTEN');
  const client = s.connect(port, '127.0.0.1').resume();
  await event(client, 'close');
  server.close();
  await s.port(server);
});

row('the callback of listen does not stay a listener', async (s) => {
  const server = s.server();
  for (let i = 0; i < 3; i++) {
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    assert.equal(server.listenerCount('listening'), 0);
    server.close();
    await event(server, 'close');
  }
});

row('a server that could not listen can listen elsewhere', async (s) => {
  const taken = await s.port(s.server());
  const server = s.server();
  let called = 0;
  server.listen(taken, '127.0.0.1', () => called++);
  assert.equal((await errorOf(server)).code, 'EADDRINUSE');
  const listening = event(server, 'listening');
  server.listen(0, '127.0.0.1');
  await listening;
  assert.equal(called, 1, 'the first callback hears of it, as in Node');
});

row('close takes what is no function, and tells an idle server’s callback', async (s) => {
  const server = s.server();
  await s.port(server);
  server.close(loose('no function'));
  await event(server, 'close');
  const error = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
    server.close(resolve);
  });
  assert.equal(error?.code, 'ERR_SERVER_NOT_RUNNING');
});

row('a socket file is for its owner, unless others may read or write', async (s) => {
  const folder = s.folder();
  const before = process.umask(0o077);
  s.defer(() => process.umask(before));
  for (const [name, options, others] of [
    ['none', {}, 0],
    ['read', { readableAll: true }, 0o444],
    ['write', { writableAll: true }, 0o222],
    ['both', { readableAll: true, writableAll: true }, 0o666],
  ] as const) {
    const path = join(folder, name);
    await event(s.server().listen({ path, ...options }), 'listening');
    assert.equal(statSync(path).mode & 0o066, others & 0o066, name);
  }
});

row('drop tells both ends of the connection that was not taken', async (s) => {
  const { server, port, accepted } = await pairOf(s);
  server.maxConnections = 1;
  const dropped = event<[Record<string, unknown>]>(server, 'drop');
  const second = s.connect(port, '127.0.0.1').on('error', () => {});
  await event(second, 'connect');
  const { localPort } = second;
  const [info] = await dropped;
  assert.deepEqual(
    { ...info },
    {
      localAddress: '127.0.0.1',
      localPort: port,
      localFamily: 'IPv4',
      remoteAddress: '127.0.0.1',
      remotePort: localPort,
      remoteFamily: 'IPv4',
    },
  );
  await event(second.resume(), 'close');
  accepted.destroy();
  await turns();
  const third = s.connection(server);
  s.connect(port, '127.0.0.1');
  await third;
});

row('connections come paused with pauseOnConnect, and read on when resumed', async (s) => {
  const { client, accepted } = await pairOf(s, { pauseOnConnect: true });
  const log = logOf(accepted, 'data');
  client.write('waits');
  await turns(10);
  assert.equal(accepted.isPaused(), true);
  assert.deepEqual([log, accepted.bytesRead], [[], 0]);
  accepted.resume();
  const [chunk] = await event<[Buffer]>(accepted, 'data');
  assert.equal(String(chunk), 'waits');
});

row('disposing of a server closes it, listening or not', async (s) => {
  const server = s.server();
  await s.port(server);
  await server[Symbol.asyncDispose]();
  assert.equal(server.listening, false);
  await server[Symbol.asyncDispose]();
});

row('a signal of listen closes the server, aborted before or later', async (s) => {
  for (const when of ['before', 'later'] as const) {
    const controller = new AbortController();
    const server = s.server();
    const closed = event(server, 'close');
    if (when === 'before') controller.abort();
    server.listen({ port: 0, host: '127.0.0.1', signal: controller.signal });
    if (when === 'later') server.on('listening', () => controller.abort());
    await closed;
    assert.equal(server.listening, false, when);
  }
  const error = thrownBy(() => s.server().listen({ port: 0, signal: loose('signal') }));
  assert.equal(error?.code, 'ERR_INVALID_ARG_TYPE');
});
