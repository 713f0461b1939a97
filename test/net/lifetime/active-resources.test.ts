/** `process.getActiveResourcesInfo()` shows what of ours keeps the process alive. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { peer } from '../../kit/peer.js';
import { accepted, connected } from '../../kit/peer-pair.js';
import { projectRoot, run } from '../../kit/program.js';
import { onProfile, row } from '../../kit/row.js';
import { script } from '../../kit/scripts.js';
import { event } from '../../kit/wait.js';

const NAMES = ['TCPSocketWrap', 'TCPServerWrap', 'PipeWrap'];

/** Those of our kinds, sorted. The peer process's channel is a PipeWrap of Node's own. */
function shown(): string[] {
  return process
    .getActiveResourcesInfo()
    .filter((name) => NAMES.includes(name))
    .sort();
}

/** What is shown while the peer process runs and nothing of ours is open. */
async function shownBefore(): Promise<string[]> {
  await (await peer.listen()).close();
  return shown();
}

/** What is shown beyond `before`. */
function beyond(before: readonly string[]): string[] {
  const left = [...before];
  return shown().filter((name) => {
    const at = left.indexOf(name);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}

row('a server shows while it listens and is referenced', async (s) => {
  const before = await shownBefore();
  const server = s.server();
  assert.deepEqual(beyond(before), []);
  await s.port(server);
  assert.deepEqual(beyond(before), ['TCPServerWrap']);
  server.unref();
  assert.deepEqual(beyond(before), []);
  server.ref();
  assert.deepEqual(beyond(before), ['TCPServerWrap']);
  server.close();
  assert.deepEqual(beyond(before), []);
});

row('a server and a connection on a UNIX path show as pipes', async (s) => {
  const before = await shownBefore();
  const server = s.server();
  const path = join(s.folder(), 's');
  server.listen(path);
  await event(server, 'listening');
  assert.deepEqual(beyond(before), ['PipeWrap']);
  const connection = s.connection(server);
  const far = await peer.connect({ path });
  const socket = await connection;
  assert.deepEqual(beyond(before), ['PipeWrap', 'PipeWrap']);
  const closed = event(socket.resume(), 'close');
  await far.end();
  await closed;
  assert.deepEqual(beyond(before), ['PipeWrap']);
});

row('a connection shows until it is closed, on either side', async (s) => {
  const before = await shownBefore();
  const { socket } = await connected(s);
  assert.deepEqual(beyond(before), ['TCPSocketWrap']);
  socket.unref();
  assert.deepEqual(beyond(before), []);
  socket.ref();
  assert.deepEqual(beyond(before), ['TCPSocketWrap']);
  socket.destroy();
  assert.deepEqual(beyond(before), []);
  const pair = await accepted(s);
  assert.deepEqual(beyond(before), ['TCPServerWrap', 'TCPSocketWrap']);
  const closed = event(pair.socket.resume(), 'close');
  await pair.far.end();
  await closed;
  assert.deepEqual(beyond(before), ['TCPServerWrap']);
});

row('an attempt to connect shows', async (s) => {
  const there = await peer.listen({ host: '127.0.0.1' });
  const before = shown();
  const socket = s.connect(there.port, '127.0.0.1');
  await event(socket, 'connectionAttempt');
  await new Promise(process.nextTick);
  assert.deepEqual(beyond(before), ['TCPSocketWrap']);
  await event(socket, 'connect');
  assert.deepEqual(beyond(before), ['TCPSocketWrap']);
});

row('what Node itself shows stays', async () => {
  const timer = setTimeout(() => {}, 100_000);
  assert.ok(process.getActiveResourcesInfo().includes('Timeout'));
  clearTimeout(timer);
});

interface Tools {
  _getActiveHandles(): object[];
}

row('process._getActiveHandles() gives what is referenced: sockets and servers', async (s) => {
  const tools = process as unknown as Tools;
  const held = (...all: object[]): boolean[] => {
    const handles = tools._getActiveHandles();
    return all.map((one) => handles.includes(one));
  };
  const server = s.server();
  assert.deepEqual(held(server), [false]);
  const connection = s.connection(server);
  const client = s.connect(await s.port(server), '127.0.0.1');
  const [socket] = await Promise.all([connection, event(client, 'connect')]);
  assert.deepEqual(held(server, client, socket), [true, true, true]);
  server.unref();
  client.unref();
  assert.deepEqual(held(server, client, socket), [false, false, true]);
  server.ref();
  assert.deepEqual(held(server), [true]);
  client.destroy();
  await event(socket.resume(), 'close');
  await new Promise(setImmediate);
  assert.deepEqual(held(client, socket), [false, false]);
});

// The built-in goes on showing what was closed for a while, so it is not asked.
for (const make of ['barewire', 'barewire/node'] as const) {
  onProfile(make, 'each thread shows its own', async (s) => {
    const inWorker = `
const net = require(${JSON.stringify(make)});
const { parentPort } = require('node:worker_threads');
const shown = () => process.getActiveResourcesInfo().filter((name) => name === 'TCPServerWrap');
const one = net.createServer().listen(0, () => {
  const two = net.createServer().listen(0, () => {
    parentPort.postMessage(shown());
    two.unref();
    parentPort.postMessage(shown());
    two.close();
    one.close(() => setImmediate(() => parentPort.postMessage(shown())));
  });
});`;
    const started = script(
      s,
      make,
      `const { Worker } = require('node:worker_threads');
const shown = () => process.getActiveResourcesInfo().filter((name) => name === 'TCPServerWrap');
const server = net.createServer().listen(0, () => {
  const worker = new Worker(${JSON.stringify(inWorker)}, { eval: true });
  worker.on('message', (names) => console.log(names.length, shown().length));
  worker.on('exit', () => {
    server.close(() => setImmediate(() => console.log('closed', shown().length)));
  });
});`,
    );
    assert.equal(await started.exit(), 0, started.output);
    assert.deepEqual(started.output.trim().split('\n'), ['2 1', '1 1', '0 1', 'closed 0']);
  });
}

test('NODE_DEBUG=net tells of connecting, listening and closing', async () => {
  const program = `
    const net = require('barewire/node');
    const server = net.createServer((socket) => socket.end()).listen(0, '127.0.0.1', () => {
      net.connect(server.address().port, '127.0.0.1').resume().on('close', () => server.close());
    });`;
  const tell = (env: Record<string, string>): Promise<{ stderr: string }> =>
    run(process.execPath, ['-e', program], { cwd: projectRoot, env });
  const { stderr } = await tell({ NODE_DEBUG: 'net' });
  for (const word of ['connect', 'connected', 'listen on', 'close']) {
    assert.match(stderr, new RegExp(`^NET \\d+: barewire: ${word}`, 'm'));
  }
  assert.equal((await tell({})).stderr, '');
});
