/** Sockets made from a descriptor: `new Socket({fd})`. B# is oven-sh/bun, D# is denoland/deno. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { linux } from '#internal/sys/linux';
import { textOf } from '../../kit/outcomes.js';
import { row, type Scope } from '../../kit/row.js';
import { Program } from '../../kit/scripts.js';
import { delay, event, logOf, turns } from '../../kit/wait.js';

/** A descriptor of ours, whose other end is an echoing program. */
function echoDescriptor(s: Scope): { fd: number; program: Program } {
  const ends: number[] = [];
  const { AF_UNIX, SOCK_STREAM } = linux.constants;
  assert.equal(linux.socketpair(AF_UNIX, SOCK_STREAM, ends), 0);
  const [fd, other] = ends as [number, number];
  const text = 'process.stdin.on("data", (x) => process.stderr.write(x)).pipe(process.stdout)';
  const program = new Program(process.execPath, ['-e', text], [other, other, 'pipe']);
  s.defer(() => program.child.kill());
  linux.close(other, -1);
  linux.release(fd);
  return { fd, program };
}

row('C061 a socket can be made from a descriptor', async (s) => {
  const { fd, program } = echoDescriptor(s);
  const socket = s.own(new s.net.Socket({ fd, readable: true, writable: true }));
  socket.write('there and back');
  const [chunk] = await event<[Buffer]>(socket, 'data');
  assert.equal(String(chunk), 'there and back');
  const ended = event(socket, 'end');
  socket.end();
  await ended;
  assert.equal(await program.exit(), 0);
});

row('C061 a descriptor’s socket only reads, or only writes', async (s) => {
  const readOnly = s.own(
    new s.net.Socket({ fd: echoDescriptor(s).fd, readable: true, writable: false }),
  );
  assert.deepEqual([readOnly.readable, readOnly.writable], [true, false]);
  const { fd, program } = echoDescriptor(s);
  const writeOnly = s.own(new s.net.Socket({ fd, readable: false, writable: true }));
  assert.deepEqual([writeOnly.readable, writeOnly.writable], [false, true]);
  const log = logOf(writeOnly, 'data', 'end');
  writeOnly.write('nobody reads what comes back');
  await program.printed(/comes back/);
  await turns();
  assert.deepEqual(log, []);
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

/** A UNIX socket with a name of its own that is not connected; whoever is given it closes it. */
function boundUnixSocket(s: Scope, path: string): number {
  const { AF_UNIX, SOCK_STREAM } = linux.constants;
  const fd = linux.socket(AF_UNIX, SOCK_STREAM, 0);
  assert.equal(linux.bind(fd, AF_UNIX, path, 0), 0);
  linux.release(fd);
  s.defer(() => {
    if (linux.adopt(fd) === 0) linux.close(fd, -1);
  });
  return fd;
}

// One of Node's own tests, in our words.
row('new Socket({fd}) of a bound UNIX socket connects with that descriptor', async (s) => {
  const folder = s.folder();
  const path = join(folder, 'server');
  const server = s.server((socket) => socket.end('hello')).listen(path);
  await event(server, 'listening');
  const fd = boundUnixSocket(s, join(folder, 'client'));
  const client = s.own(new s.net.Socket({ fd, readable: true, writable: true }));
  client.connect({ path });
  await event(client, 'connect');
  assert.equal(client._handle?.fd, fd);
  assert.equal(await textOf(client), 'hello');
});
