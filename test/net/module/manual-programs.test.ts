/** The manual's programs, as printed there, with telnet and nc as their peers. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test as nodeTest, type TestContext } from 'node:test';
import { socketPath } from '../../kit/echo.js';
import { Program, type ProgramOptions } from '../../kit/program.js';
import { need, peerCommand, skipping } from '../../kit/tools.js';
import { until } from '../../kit/wait.js';

const PORT = 8124;
const LONG_MS = 20_000;

function test(title: string, body: (t: TestContext) => Promise<void>): void {
  nodeTest(title, (t) => skipping(t, () => body(t)));
}

function start(t: TestContext, command: string, args: string[], options?: ProgramOptions): Program {
  const program = new Program(command, args, { timeoutMs: LONG_MS, ...options });
  t.after(() => program.stop());
  return program;
}

/** The manual's port is a fixed one: this runs a program in a network that nobody else is in. */
function startAlone(t: TestContext, command: string, ...args: string[]): Program {
  need('ip', 'nsenter', 'unshare');
  const inside = 'ip link set lo up && exec "$@"';
  return start(t, 'unshare', ['-rn', 'sh', '-c', inside, 'sh', command, ...args]);
}

/** Runs a program in the network of another one. */
function startBeside(t: TestContext, other: Program, command: string, ...args: string[]): Program {
  const target = ['-t', String(other.child.pid), '-U', '-n', '--preserve-credentials', '--wd=.'];
  return start(t, 'nsenter', [...target, command, ...args]);
}

/** Waits until the program's network has somebody who listens on the port. */
async function untilTaken({ child }: Program): Promise<void> {
  const hex = PORT.toString(16).toUpperCase().padStart(4, '0');
  const listener = new RegExp(`:${hex} [0-9A-F]+:0000 0A`);
  const tables = ['tcp', 'tcp6'].map((name) => `/proc/${child.pid}/net/${name}`);
  await until(
    () => tables.some((path) => listener.test(readFileSync(path, 'utf8'))),
    `a listener on port ${PORT}`,
  );
}

async function startServer(t: TestContext, ...path: string[]): Promise<Program> {
  const file = path.length > 0 ? 'echo-server-unix.js' : 'echo-server.js';
  const server = startAlone(t, process.execPath, join('examples', file), ...path);
  await server.printed('server bound\n');
  return server;
}

test("the manual's echo server greets and echoes a telnet client", async (t) => {
  const server = await startServer(t);
  const telnet = startBeside(t, server, ...peerCommand(t, 'telnet', 'localhost', String(PORT)));
  // Not at a terminal, telnet prints CR LF as LF.
  await telnet.printed(/\.\nhello\n$/);
  telnet.send('one line\n');
  await telnet.printed(/\nhello\none line\n$/);
  telnet.send('another\n');
  await telnet.printed(/\none line\nanother\n$/);
  assert.equal(server.stdout, 'server bound\nclient connected\n');
  await telnet.stop();
  await server.printed('client disconnected\n');
  assert.equal(server.stdout, 'server bound\nclient connected\nclient disconnected\n');
  assert.equal(server.stderr, '');
});

test("the manual's echo server greets and echoes nc, and ends when nc has no more", async (t) => {
  const server = await startServer(t);
  const nc = startBeside(t, server, ...peerCommand(t, 'nc', '-N', 'localhost', String(PORT)));
  await nc.printed('hello\r\n');
  nc.send('one line\n');
  await nc.printed('hello\r\none line\n');
  nc.child.stdin.end('the last\n');
  const { code, stdout } = await nc.ended;
  assert.equal(code, 0);
  assert.equal(stdout, 'hello\r\none line\nthe last\n');
  await server.printed('client disconnected\n');
});

test("the manual's echo server greets and echoes nc -U on a UNIX path", async (t) => {
  const path = socketPath();
  const server = await startServer(t, path);
  const [command, ...args] = peerCommand(t, 'nc', '-N', '-U', path);
  const nc = start(t, command, args);
  await nc.printed('hello\r\n');
  nc.child.stdin.end('over a path\n');
  const { code, stdout } = await nc.ended;
  assert.equal(code, 0);
  assert.equal(stdout, 'hello\r\nover a path\n');
  await server.printed('client connected\nclient disconnected\n');
});

/** What the server sends may come in one piece or in two; the client ends after the first. */
const CLIENT_OUTPUT =
  /^connected to server!\nhello\r\n(\n|world!\r\n\n|\nworld!\r\n\n)disconnected from server\n$/;

test("the manual's echo client runs against the manual's echo server", async (t) => {
  const server = await startServer(t);
  const client = startBeside(t, server, process.execPath, 'examples/echo-client.js');
  const { code, stdout, stderr } = await client.ended;
  assert.match(stdout, CLIENT_OUTPUT);
  assert.equal(stderr, '');
  assert.equal(code, 0);
  await server.printed('server bound\nclient connected\nclient disconnected\n');
});

test("the manual's echo client runs on a UNIX path", async (t) => {
  const path = socketPath();
  await startServer(t, path);
  const client = start(t, process.execPath, ['examples/echo-client-unix.js', path]);
  const { code, stdout, stderr } = await client.ended;
  assert.match(stdout, CLIENT_OUTPUT);
  assert.equal(stderr, '');
  assert.equal(code, 0);
});

test("the manual's echo client prints the manual's words to a plain echo", async (t) => {
  const socat = startAlone(
    t,
    ...peerCommand(t, 'socat', `TCP-LISTEN:${PORT},reuseaddr`, 'EXEC:cat'),
  );
  await untilTaken(socat);
  const client = startBeside(t, socat, process.execPath, 'examples/echo-client.js');
  const { code, stdout } = await client.ended;
  assert.equal(stdout, 'connected to server!\nworld!\r\n\ndisconnected from server\n');
  assert.equal(code, 0);
});
