/** The module: its functions, its classes, what each returns. */
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import type { NetModule } from '#internal/net/module';
import { peer } from '../../kit/peer.js';
import { row, type Socket } from '../../kit/row.js';
import { Program } from '../../kit/scripts.js';
import { until } from '../../kit/wait.js';

const NAMES = [
  'createServer',
  'connect',
  'createConnection',
  'Server',
  'Socket',
  'isIP',
  'isIPv4',
  'isIPv6',
] as const;

row('C001 require and import give the same functions, by default and by name', async (s) => {
  const imported = (await import(s.profile)) as Record<string, unknown> & { default: NetModule };
  const required: unknown = require(s.profile);
  assert.equal(required, s.net);
  assert.equal(imported.default, s.net);
  for (const name of NAMES) {
    assert.equal(typeof s.net[name], 'function', name);
    assert.equal(imported[name], s.net[name], name);
  }
});

test('C001 an ES module imports both entry points by name', async (t) => {
  const text = ['barewire', 'barewire/node']
    .map((name, i) => `import n${i}, { ${NAMES.map((x) => `${x} as ${x}${i}`)} } from '${name}';`)
    .join('\n');
  const script = `${text}\nconsole.log(n0.connect === connect0, n1.Socket === Socket1);`;
  const node = new Program(process.execPath, ['--input-type=module', '-e', script]);
  t.after(() => node.child.kill());
  assert.equal(await node.exit(), 0, node.output);
  assert.equal(node.output, 'true true\n');
});

row('C002 connect and createConnection are the same factory', ({ net }) => {
  assert.equal(net.connect, net.createConnection);
});

row('C010 createServer returns a Server and adds the listener for connection', async (s) => {
  const seen: unknown[] = [];
  const listener = (socket: unknown): unknown => seen.push(socket);
  const plain = s.server(listener);
  const optioned = s.server({ allowHalfOpen: false }, listener);
  for (const server of [plain, optioned]) {
    assert.ok(server instanceof s.net.Server);
    assert.deepEqual(server.listeners('connection').includes(listener), true);
    await peer.connect({ port: await s.port(server) });
  }
  await until(() => seen.length === 2, 'both listeners');
  for (const socket of seen) assert.ok(socket instanceof s.net.Socket);
  assert.equal(s.server().listenerCount('connection'), 1, 'ours of the test alone');
});

row('C053 a server is an EventEmitter', (s) => {
  const server = s.server();
  assert.ok(server instanceof EventEmitter);
  let heard: unknown[] = [];
  server.once('anything', (...args: unknown[]) => {
    heard = args;
  });
  assert.equal(server.emit('anything', 1, 2), true);
  assert.deepEqual(heard, [1, 2]);
  assert.equal(server.emit('anything'), false);
});

row('C054 new Server does what createServer does', async (s) => {
  const listener = (socket: Socket): void => {
    socket.on('end', () => socket.end('made by new')).resume();
  };
  const { Server } = s.net;
  class Derived extends Server {}
  const servers = [
    s.ownServer(new Server({ allowHalfOpen: true }, listener)),
    s.ownServer(new Derived({ allowHalfOpen: true }, listener)),
    s.ownServer(new Server(listener)),
    s.ownServer(Server({ allowHalfOpen: true }, listener)),
    s.server({ allowHalfOpen: true }, listener),
  ];
  assert.deepEqual(
    servers.map((server) => server.allowHalfOpen),
    [true, true, false, true, true],
  );
  for (const server of servers) {
    assert.ok(server instanceof Server);
    assert.ok(server.listeners('connection').includes(listener));
    if (!server.allowHalfOpen) continue;
    const client = await peer.connect({ port: await s.port(server), allowHalfOpen: true });
    await client.end();
    assert.equal((await client.until({ ended: true })).text, 'made by new');
  }
});
