/** C001–C014: the module, and servers as programs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NetModule } from '#internal/net/module';
import { peerCommand } from '../support/tools.js';
import { peer } from './kit/peer.js';
import { pattern } from './kit/peer_calls.js';
import { alone, beside, example, Program, program, script } from './kit/program.js';
import { row, type Scope } from './kit/row.js';
import { event, until } from './kit/wait.js';

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

const LARGE = 6 * 1024 * 1024;

row('C011 the peer’s FIN is answered with one, after the pending writes', async (s) => {
  const server = s.server();
  const port = await s.port(server);
  const accepted = s.connection(server);
  const client = await peer.connect({ port, allowHalfOpen: true, paused: true });
  const socket = await accepted;
  socket.resume();
  assert.equal(socket.write(pattern(LARGE)), false, 'more than fits');
  const ended = event(socket, 'end');
  await client.end();
  await ended;
  assert.ok(socket.writableLength > 0, 'still pending when the FIN came');
  const closed = event(socket, 'close');
  await client.resume();
  const { bytes } = await client.until({ ended: true });
  assert.equal(bytes, LARGE);
  assert.deepEqual(await closed, [false]);
});

row('C012 with allowHalfOpen the socket writes on after the peer’s FIN', async (s) => {
  const server = s.server({ allowHalfOpen: true });
  const port = await s.port(server);
  const accepted = s.connection(server);
  const client = await peer.connect({ port, allowHalfOpen: true });
  const socket = await accepted;
  socket.resume();
  const ended = event(socket, 'end');
  await client.end();
  await ended;
  assert.equal(socket.readable, false);
  assert.equal(socket.writable, true);
  socket.write(pattern(LARGE));
  const far = await client.until({ bytes: LARGE });
  assert.equal(far.ended, false, 'no FIN before end()');
  socket.end('bye');
  const last = await client.until({ ended: true });
  assert.equal(last.bytes, LARGE + 3);
});

row('C013 the manual’s echo server answers telnet localhost 8124', async (s) => {
  const server = alone(s, example('echo-server.js', s.profile));
  await server.printed(/server bound\n/);
  const telnet = beside(s, server, ...peerCommand(s.t, 'telnet', 'localhost', '8124'));
  await telnet.printed(/hello\r?\n/);
  telnet.write('first line\n');
  await telnet.printed(/first line/);
  telnet.write('second line\n');
  await telnet.printed(/second line/);
  await server.printed(/client connected\n/);
  assert.doesNotMatch(server.output, /disconnected/);
  telnet.end();
  await server.printed(/client connected\nclient disconnected\n/);
});

row('C014 the echo server on a UNIX path answers nc -U', async (s) => {
  const path = `${s.folder()}/echo.sock`;
  const text = example('echo-server-unix.js', s.profile).replace('/tmp/echo.sock', path);
  const server = program(s, process.execPath, ['-e', text]);
  await server.printed(/server bound\n/);
  const [command, ...args] = peerCommand(s.t, 'nc', '-N', '-U', path);
  const nc = program(s, command, args);
  await nc.printed(/^hello\r\n/);
  nc.write('over a path\n');
  await nc.printed(/over a path\n/);
  nc.end();
  assert.equal(await nc.exit(), 0);
  await server.printed(/client connected\nclient disconnected\n/);
});

row('C026 the manual’s client runs as written against the echo server', async (s) => {
  const server = alone(s, example('echo-server.js', 'node:net'));
  await server.printed(/server bound\n/);
  const text = example('echo-client.js', s.profile);
  const client = beside(s, server, process.execPath, '-e', text);
  assert.equal(await client.exit(), 0, client.output);
  assert.match(client.output, /^connected to server!\n/);
  assert.match(client.output, /hello\r\n/);
  assert.match(client.output, /disconnected from server\n$/);
  await server.printed(/client connected\nclient disconnected\n/);
});

row('C026 the manual’s client runs against our own echo server on a path', async (s) => {
  const path = `${s.folder()}/echo.sock`;
  const at = (name: string): string => example(name, s.profile).replace('/tmp/echo.sock', path);
  const server = program(s, process.execPath, ['-e', at('echo-server-unix.js')]);
  await server.printed(/server bound\n/);
  const client = program(s, process.execPath, ['-e', at('echo-client-unix.js')]);
  assert.equal(await client.exit(), 0, client.output);
  assert.match(client.output, /^connected to server!\nhello\r\n(.|\s)*disconnected from server\n$/);
});

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

row('C044 an unreferenced server lets the program end, unref() twice or not', async (s) => {
  const listen = (then: string): string => `net.createServer().listen(0, '127.0.0.1')${then};`;
  for (const then of [
    '.unref()',
    '.unref().unref()',
    ".on('listening', function () { this.unref() })",
  ]) {
    const child = script(s, s.profile, listen(then));
    assert.equal(await child.exit(), 0, child.output);
  }
});

/** A server that stays: it answers one connection, then closes by itself. */
const ANSWER_ONE = `
const server = net.createServer((socket) => { socket.end('alive'); server.close(); });
server.listen(0, '127.0.0.1', () => {
  CALLS
  setImmediate(() => setImmediate(() => console.log('port', server.address().port)));
});`;

async function staysAlive(s: Scope, calls: string): Promise<void> {
  const child = script(s, s.profile, ANSWER_ONE.replace('CALLS', calls));
  await child.printed(/port \d+\n/);
  const port = Number(/port (\d+)/.exec(child.output)?.[1]);
  const client = await peer.connect({ port });
  assert.equal((await client.until({ ended: true })).text, 'alive');
  assert.equal(await child.exit(), 0, child.output);
}

row('C044 unref() twice is undone by one ref()', (s) =>
  staysAlive(s, 'server.unref(); server.unref(); server.ref();'),
);

row('C045 ref() undoes unref(), once or twice, and is harmless without it', async (s) => {
  await staysAlive(s, 'server.unref(); server.ref();');
  await staysAlive(s, 'server.ref(); server.ref();');
});

row('C045 ref() twice is undone by one unref()', async (s) => {
  const text =
    "net.createServer().listen(0, '127.0.0.1', function () { this.ref().ref().unref() });";
  const child = script(s, s.profile, text);
  assert.equal(await child.exit(), 0, child.output);
});
