/** Connecting that fails, is aborted or times out. B# is oven-sh/bun, D# is denoland/deno. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import nodeNet from 'node:net';
import { join } from 'node:path';
import type { Lookup } from '#internal/dial/target';
import { linux } from '#internal/sys/linux';
import { loose } from '../../kit/bad-arguments.js';
import { errorOf } from '../../kit/outcomes.js';
import { row, type Scope, type Socket } from '../../kit/row.js';
import { program } from '../../kit/scripts.js';
import { event, logOf, turns, until } from '../../kit/wait.js';

/** The code of a failed connection, and the order of its events. */
async function failure(socket: Socket | nodeNet.Socket): Promise<string> {
  const log = logOf(socket, 'connect', 'error', 'close');
  const failed = event<[NodeJS.ErrnoException]>(socket, 'error');
  const closed = event(socket, 'close');
  const [{ code, syscall }] = await failed;
  await closed;
  return `${syscall} ${code} ${log.join()}`;
}

// denoland/deno#21951
row('each failure to connect keeps its own code, and error comes before close', async (s) => {
  const folder = s.folder();
  program(s, 'touch', [join(folder, 'file')]);
  await until(() => readdirSync(folder).length === 1, 'the file');
  const targets: nodeNet.NetConnectOpts[] = [
    { port: 1, host: '127.0.0.1' },
    { port: 80, host: '255.255.255.255' },
    { port: 80, host: '::ffff:0:0' },
    { port: 80, host: '127.0.0.1', localAddress: '203.0.113.7' },
    { port: 80, host: 'no-such-host.invalid' },
    { path: join(folder, 'none') },
    { path: join(folder, 'file') },
    { path: join(folder, 'file', 'below') },
    { path: folder },
  ];
  const codes = new Set<string>();
  for (const target of targets) {
    const ours = await failure(s.connect(target as { path: string }));
    assert.equal(ours, await failure(nodeNet.connect(target)), JSON.stringify(target));
    assert.match(ours, /error,close$/);
    codes.add(ours);
  }
  assert.ok(codes.size >= 6, [...codes].join('; '));
});

/** A port whose queue of connections is full: what connects there stays in SYN_SENT. */
async function blackHole(s: Scope): Promise<number> {
  const { AF_INET, SOCK_STREAM } = linux.constants;
  const listener = linux.socket(AF_INET, SOCK_STREAM, 0);
  s.defer(() => linux.close(listener, -1));
  assert.equal(linux.bind(listener, AF_INET, '127.0.0.1', 0), 0);
  assert.equal(linux.listen(listener, 0), 0);
  const name = linux.getsockname(listener);
  if (typeof name === 'number') throw new Error(`getsockname ${name}`);
  for (let i = 0; i < 2; i++) {
    const filler = nodeNet.connect(name.port, '127.0.0.1').on('error', () => {});
    s.defer(() => filler.destroy());
    if (i === 0) await event(filler, 'connect');
    await turns();
  }
  return name.port;
}

// oven-sh/bun#42398
row('timeout fires while connecting, with a write queued', async (s) => {
  const socket = s.connect(await blackHole(s), '127.0.0.1');
  socket.setTimeout(80);
  socket.write('queued');
  await event(socket, 'timeout');
  assert.equal(socket.connecting, true);
  assert.equal(socket.destroyed, false);
});

// One of Node's own tests, in our words.
row('connecting is over when the error of a refused connection comes', async (s) => {
  const socket = s.connect(1, '127.0.0.1');
  assert.deepEqual([socket.connecting, socket.pending], [true, true]);
  assert.equal(Reflect.get(socket, '_connecting'), true, 'the old name');
  const error = await errorOf(socket);
  assert.equal(error.code, 'ECONNREFUSED');
  assert.deepEqual([socket.connecting, socket.pending], [false, true]);
});

// One of Node's own tests, in our words.
row('a write that waits for a connection fails where the socket is destroyed first', async (s) => {
  const port = await s.port(s.server());
  const socket = s.connect(port, '127.0.0.1');
  const result = new Promise<NodeJS.ErrnoException>((resolve) => {
    socket.write('never', (error) => resolve(error as NodeJS.ErrnoException));
  });
  socket.destroy();
  assert.equal((await result).code, 'ERR_SOCKET_CLOSED_BEFORE_CONNECTION');
});

// One of Node's own tests, in our words.
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

// One of Node's own tests, in our words.
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

// B#13126
row('a signal’s reason is the cause of the error, aborted before or later', async (s) => {
  for (const signal of [AbortSignal.abort(new Error('why')), AbortSignal.timeout(20)]) {
    const lookup: Lookup = () => {};
    const socket = s.connect({ port: 1, host: 'never.example', lookup, signal });
    const error = await errorOf(socket);
    assert.deepEqual([error.name, error.code], ['AbortError', 'ABORT_ERR']);
    assert.equal(error.cause, signal.reason);
  }
});
