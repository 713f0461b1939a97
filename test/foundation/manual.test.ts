/** The manual's programs, as printed there, with telnet and nc as their peers. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { socketPath } from '../support/echo.js';
import { Program, type ProgramOptions } from '../support/program.js';

const PORT = 8124;
const LONG_MS = 20_000;

function start(t: TestContext, command: string, args: string[], options?: ProgramOptions): Program {
  const program = new Program(command, args, { timeoutMs: LONG_MS, ...options });
  t.after(() => program.stop());
  return program;
}

/** Whether somebody listens on the port, told without connecting to it. */
function isTaken(): boolean {
  const hex = PORT.toString(16).toUpperCase().padStart(4, '0');
  const tables = ['/proc/net/tcp', '/proc/net/tcp6'].map((path) => readFileSync(path, 'utf8'));
  return tables.some((table) => new RegExp(`:${hex} [0-9A-F]+:0000 0A`).test(table));
}

async function untilTaken(taken: boolean): Promise<void> {
  for (let tries = 0; tries < 200 && isTaken() !== taken; tries++) await sleep(50);
  assert.equal(isTaken(), taken, `port ${PORT}`);
}

/** The manual's server has a fixed port: waits for whoever else has it on this machine. */
async function startServer(t: TestContext, ...path: string[]): Promise<Program> {
  const file = path.length > 0 ? 'echo-server-unix.js' : 'echo-server.js';
  if (path.length === 0) await untilTaken(false);
  const server = start(t, process.execPath, [join('examples', file), ...path]);
  await server.printed('server bound\n');
  return server;
}

test("the manual's echo server greets and echoes a telnet client", async (t) => {
  const server = await startServer(t);
  const telnet = start(t, 'telnet', ['localhost', String(PORT)]);
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
  const nc = start(t, 'nc', ['-N', 'localhost', String(PORT)]);
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
  const nc = start(t, 'nc', ['-N', '-U', path]);
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
  const client = start(t, process.execPath, ['examples/echo-client.js']);
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
  await untilTaken(false);
  start(t, 'socat', [`TCP-LISTEN:${PORT},reuseaddr`, 'EXEC:cat']);
  await untilTaken(true);
  const client = start(t, process.execPath, ['examples/echo-client.js']);
  const { code, stdout } = await client.ended;
  assert.equal(stdout, 'connected to server!\nworld!\r\n\ndisconnected from server\n');
  assert.equal(code, 0);
});
