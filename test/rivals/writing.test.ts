/** Writing and ending: what Bun and Deno got wrong once. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { pairOf, textOf } from '../conformance/kit.js';
import { fillUp } from '../contract/kit/pair.js';
import { script } from '../contract/kit/program.js';
import { row } from '../contract/kit/row.js';
import { delay, event, logOf } from '../contract/kit/wait.js';

// B#43250, B#41835
row('destroy tells the write that was under way, and those behind it, of an error', async (s) => {
  const { client, accepted } = await pairOf(s, { pauseOnConnect: true });
  const log: string[] = [];
  client.write(Buffer.alloc(8_000_000), (error) => log.push(`first ${error?.name}`));
  client.write('behind', (error) => log.push(`second ${error?.name}`));
  client.on('close', () => log.push('close'));
  client.destroy();
  await event(client, 'close');
  assert.deepEqual(log, ['first Error', 'second Error', 'close']);
  accepted.destroy();
});

// D#34211
row('end on a socket that never connected calls its callback', async (s) => {
  const socket = s.own(new s.net.Socket());
  const log = logOf(socket, 'error');
  await new Promise<void>((resolve) => void socket.end(resolve));
  assert.equal(socket.writableFinished, true);
  assert.deepEqual(log, []);
});

// B#13555
row('destroySoon sends what is queued before it closes', async (s) => {
  const { client, accepted } = await pairOf(s, { pauseOnConnect: true });
  const bytes = fillUp(client);
  client.destroySoon();
  assert.equal(client.destroyed, false);
  accepted.resume();
  await event(accepted, 'end');
  assert.equal(accepted.bytesRead, bytes);
  if (!client.closed) await event(client, 'close');
});

// B node-net.test.ts "a write after the peer reset the connection fails"
row('writing on and on to a peer that is gone ends in an error of the system', async (s) => {
  const { client, accepted } = await pairOf(s, {}, { allowHalfOpen: true });
  accepted.resetAndDestroy();
  const codes: unknown[] = [];
  client.on('error', (error: NodeJS.ErrnoException) => codes.push(error.code));
  const timer = setInterval(() => client.write('x'), 1);
  s.defer(() => clearInterval(timer));
  await event(client, 'close');
  assert.equal(codes.length, 1);
  assert.match(String(codes[0]), /^(EPIPE|ECONNRESET)$/);
});

// B#42213
row('a write-only socket over a pipe stays open, and sends later, too', async (s) => {
  const path = join(s.folder(), 'fifo');
  execFileSync('mkfifo', [path]);
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  s.defer(() => closeSync(reader));
  const fd = openSync(path, constants.O_WRONLY);
  const socket = s.own(new s.net.Socket({ fd, readable: false, writable: true }));
  const log = logOf(socket, 'end', 'finish', 'close', 'error');
  await delay(30);
  assert.deepEqual(log, []);
  await new Promise<void>((resolve) => void socket.write('late', () => resolve()));
  const into = Buffer.alloc(16);
  assert.equal(into.toString('latin1', 0, readSync(reader, into)), 'late');
  socket.end();
  await event(socket, 'close');
  assert.deepEqual(log, ['finish', 'close']);
});

// B socket-fd-duplex.test.ts
row('a socket over a pipe that is open both ways reads and writes', async (s) => {
  const path = join(s.folder(), 'fifo');
  execFileSync('mkfifo', [path]);
  const both = constants.O_RDWR | constants.O_NONBLOCK;
  const options = { readable: true, writable: true };
  const socket = s.own(new s.net.Socket({ fd: openSync(path, both), ...options }));
  socket.write('to itself');
  const [chunk] = await event<[Buffer]>(socket, 'data');
  assert.equal(String(chunk), 'to itself');
});

// D#27510
row('both ends that allow half-open connections may be half-open at once', async (s) => {
  const half = { allowHalfOpen: true };
  const { client, accepted } = await pairOf(s, half, half);
  accepted.end();
  const text = textOf(accepted);
  client.resume();
  await event(client, 'end');
  client.write('after ');
  await delay(10);
  client.end('all');
  assert.equal(await text, 'after all');
});

// B#34513
row('an error that nobody listens for is uncaught, as any emitter’s', async (s) => {
  const text = `
    process.on('uncaughtException', (error) => console.log('uncaught', error.code));
    const server = net.createServer((socket) => socket.on('data', () => {}));
    server.listen(0, '127.0.0.1', () => {
      const client = net.connect(server.address().port, '127.0.0.1');
      server.on('connection', () => client.resetAndDestroy());
      server.on('connection', (socket) => socket.on('close', () => server.close()));
    });
  `;
  const program = script(s, s.profile, text);
  assert.equal(await program.exit(), 0, program.output);
  assert.equal(program.output, 'uncaught ECONNRESET\n');
});
