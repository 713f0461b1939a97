/**
 * Servers on UNIX paths and abstract names: socket files, their modes, and names that are none. B#
 * is oven-sh/bun, D# is denoland/deno.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tooLongPath } from '../../kit/bad-arguments.js';
import { errorOf, textOf } from '../../kit/outcomes.js';
import { peer } from '../../kit/peer.js';
import { row } from '../../kit/row.js';
import { program } from '../../kit/scripts.js';
import { need } from '../../kit/tools.js';
import { event } from '../../kit/wait.js';

/** The names of UNIX sockets as the kernel lists them; abstract ones begin with '@'. */
function unixNames(): string[] {
  return readFileSync('/proc/net/unix', 'latin1')
    .split('\n')
    .map((line) => line.split(/\s+/)[7] ?? '');
}

let unique = 0;

function abstractName(): string {
  return `barewire-${process.pid}-${unique++}`;
}

// nodejs/node#50889
row('an abstract name is not padded, so that other programs find it', async (s) => {
  // Node's own net is no peer for this: before Node 22 it pads the name itself.
  need('socat');
  const name = abstractName();
  const server = s.server((socket) => socket.end('found')).listen(`\0${name}`);
  await event(server, 'listening');
  assert.deepEqual(
    unixNames().filter((one) => one.startsWith(`@${name}`)),
    [`@${name}`],
  );
  const socat = program(s, 'socat', ['-u', `ABSTRACT-CONNECT:${name}`, '-']);
  assert.equal(await socat.exit(), 0, socat.output);
  assert.equal(socat.output, 'found');
});

// denoland/deno#33872, libuv/libuv#4737
row('an abstract name may hold NULs, and what is behind them counts', async (s) => {
  const name = abstractName();
  for (const tail of ['a', 'b']) {
    const server = s.server((socket) => socket.end(tail)).listen(`\0${name}\0${tail}`);
    await event(server, 'listening');
  }
  for (const tail of ['a', 'b']) {
    const socket = s.connect(`\0${name}\0${tail}`);
    assert.equal(String((await event(socket, 'data'))[0]), tail);
  }
});

// oven-sh/bun#37002
row('a NUL inside a path is EINVAL, and reaches no other path', async (s) => {
  const folder = s.folder();
  const there = await peer.listen({ path: join(folder, 'x') });
  for (const path of [`${folder}/x\0y`, `${folder}/new\0`]) {
    const server = s.server();
    const failed = event<[NodeJS.ErrnoException]>(server, 'error');
    server.listen(path);
    assert.equal((await failed)[0].code, 'EINVAL');
    const socket = s.own(new s.net.Socket());
    const refused = event<[NodeJS.ErrnoException]>(socket, 'error');
    socket.connect(path);
    assert.equal((await refused)[0].code, 'EINVAL');
  }
  assert.deepEqual(readdirSync(folder), ['x']);
  await there.close();
});

// B#33493
row('a socket file in a folder that is not there is an error with path and port -1', async (s) => {
  const path = join(s.folder(), 'not-there', 'x');
  const error = await errorOf(s.server().listen(path));
  assert.match(error.code ?? '', /^(ENOENT|EACCES)$/);
  assert.equal(error.errno, error.code === 'ENOENT' ? -2 : -13);
  assert.deepEqual([error.syscall, error.address, error.port], ['listen', path, -1]);
  assert.match(error.message, /^listen E[A-Z]+: .* \S+$/);
});

// B#28798
row('a file in the way is EADDRINUSE and is left as it is', async (s) => {
  const path = join(s.folder(), 'file');
  writeFileSync(path, 'precious');
  const server = s.server().listen(path);
  assert.equal((await errorOf(server)).code, 'EADDRINUSE');
  server.close();
  assert.equal(readFileSync(path, 'latin1'), 'precious');
});

// B#28798
row('close removes the socket file', async (s) => {
  const path = join(s.folder(), 'x');
  const server = s.server().listen({ path });
  await event(server, 'listening');
  assert.deepEqual([server.address(), existsSync(path)], [path, true]);
  server.close();
  await event(server, 'close');
  assert.equal(existsSync(path), false);
});

// D#33366
row('a server on a path goes on after its first client has left', async (s) => {
  const path = join(s.folder(), 'x');
  let count = 0;
  const server = s.server((socket) => socket.end(`client ${++count}`)).listen(path);
  await event(server, 'listening');
  for (let i = 1; i <= 4; i++) {
    assert.equal(await textOf(s.connect(path)), `client ${i}`);
  }
});

// One of Node's own tests, in our words.
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

// One of Node's own tests, in our words.
row('a path that no socket address can hold is EINVAL, to listen and to connect', async (s) => {
  const path = tooLongPath(s);
  const client = await errorOf(s.connect(path));
  assert.deepEqual([client.code, client.syscall, client.address], ['EINVAL', 'connect', path]);
  const server = await errorOf(s.server().listen(path));
  assert.deepEqual([server.code, server.syscall, server.address], ['EINVAL', 'listen', path]);
});
