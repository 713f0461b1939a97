/** `npm start`: its port or path, and what it prints where it can not listen. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type NetConnectOpts } from 'node:net';
import { type TestContext, test } from 'node:test';
import { socketPath } from '../kit/echo.js';
import { Program, run } from '../kit/program.js';

const START = 'scripts/start.mjs';

async function startServer(t: TestContext, where: string): Promise<Program> {
  const server = new Program(process.execPath, [START, where]);
  t.after(() => server.stop());
  await server.printed('server bound\n');
  return server;
}

async function assertEchoes(to: NetConnectOpts): Promise<void> {
  const socket = connect(to);
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    if (text === 'hello\r\nword') socket.end();
  });
  socket.write('word');
  await once(socket, 'close');
  assert.equal(text, 'hello\r\nword');
}

/** Its one sentence; a trace would be more lines. */
async function complaintOf(where: string): Promise<string> {
  const { code, stdout, stderr } = await run(process.execPath, [START, where]);
  assert.equal(code, 1);
  assert.equal(stdout, '');
  assert.match(stderr, /^[^\n]+\n$/);
  return stderr;
}

test('a number is a port', async (t) => {
  const { stdout } = await startServer(t, '0');
  const port = Number(/^Echo server on port (\d+)\./.exec(stdout)?.[1]);
  await assertEchoes({ port, host: '127.0.0.1' });
});

test('anything else is a path, which is free again after SIGINT', async (t) => {
  const path = socketPath();
  for (const _ of ['first', 'second']) {
    const server = await startServer(t, path);
    assert.ok(server.stdout.startsWith(`Echo server on ${path}.`), server.stdout);
    await assertEchoes({ path });
    server.child.kill('SIGINT');
    assert.equal((await server.ended).signal, 'SIGINT');
  }
});

test('a port in use is a sentence, and so is a path', async (t) => {
  const path = socketPath();
  const other = createServer().listen(path);
  const busy = createServer().listen(0, '0.0.0.0');
  t.after(() => other.close());
  t.after(() => busy.close());
  await once(busy, 'listening');
  const { port } = busy.address() as AddressInfo;
  assert.match(await complaintOf(String(port)), new RegExp(`^Port ${port} is in use`));
  assert.match(await complaintOf(path), /exists already/);
});

test('what is no port, and a folder that is not there, is a sentence', async () => {
  assert.equal(await complaintOf('99999'), '99999 is no port: ports are 0 to 65535.\n');
  assert.match(await complaintOf('/nowhere/at/all'), /^The echo server can not listen .*ENOENT/);
});
