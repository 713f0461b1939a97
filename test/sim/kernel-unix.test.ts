/** UNIX sockets and pipes, on Linux and on the simulator that is held to it. */
import assert from 'node:assert/strict';
import { behaviour, type Kit } from './kit/behaviour.js';

function listenOn(k: Kit, name: string, backlog = 8): number {
  const fd = k.unix();
  k.is(k.kernel.bind(fd, k.c.AF_UNIX, name, 0), 0);
  k.is(k.kernel.listen(fd, backlog), 0);
  return fd;
}

function connectTo(k: Kit, fd: number, name: string): number {
  return k.kernel.connect(fd, k.c.AF_UNIX, name, 0);
}

for (const kind of ['path', 'abstract']) {
  const nameFor = (k: Kit, name: string): string =>
    kind === 'path' ? k.path(name) : `\0bw-${process.pid}-${name}`;

  behaviour(`${kind}: connecting is done at once, and bytes are there at once`, (k) => {
    const name = nameFor(k, 'a.sock');
    const listener = listenOn(k, name);
    const client = k.unix();
    k.is(connectTo(k, client, name), 0);
    k.is(k.write(client, 'early'), 5);
    const server = k.ok(k.kernel.accept(listener));
    assert.equal(k.read(server), 'early');
    const unnamed = { family: k.c.AF_UNIX, address: '', port: 0 };
    assert.deepEqual(k.kernel.getpeername(client), { ...unnamed, address: name });
    assert.deepEqual(k.kernel.getsockname(server), { ...unnamed, address: name });
    assert.deepEqual(k.kernel.getpeername(server), unnamed);
    k.fails(connectTo(k, client, name), 'EISCONN');
    if (kind === 'path') k.kernel.unlink(name);
  });

  behaviour(`${kind}: a full backlog is EAGAIN, and a name in use EADDRINUSE`, (k) => {
    const name = nameFor(k, 'b.sock');
    const listener = listenOn(k, name, 1);
    k.is(connectTo(k, k.unix(), name), 0);
    k.is(connectTo(k, k.unix(), name), 0);
    const late = k.unix();
    k.fails(connectTo(k, late, name), 'EAGAIN');
    k.ok(k.kernel.accept(listener));
    k.is(connectTo(k, late, name), 0);
    k.fails(k.kernel.bind(k.unix(), k.c.AF_UNIX, name, 0), 'EADDRINUSE');
    if (kind === 'path') k.kernel.unlink(name);
  });
}

behaviour('a path outlives its socket: refused, then in use, until it is removed', (k) => {
  const path = k.path('c.sock');
  k.fails(connectTo(k, k.unix(), path), 'ENOENT');
  const about: number[] = [];
  k.fails(k.kernel.stat(path, about), 'ENOENT');
  k.close(listenOn(k, path));
  k.fails(connectTo(k, k.unix(), path), 'ECONNREFUSED');
  k.fails(k.kernel.bind(k.unix(), k.c.AF_UNIX, path, 0), 'EADDRINUSE');
  k.is(k.kernel.stat(path, about), 0);
  assert.equal((about[0] ?? 0) & 0o170000, k.c.S_IFSOCK);
  k.is(k.kernel.chmod(path, 0o666), 0);
  k.is(k.kernel.stat(path, about), 0);
  assert.equal((about[0] ?? 0) & 0o777, 0o666);
  k.is(k.kernel.unlink(path), 0);
  k.fails(k.kernel.unlink(path), 'ENOENT');
});

behaviour('an abstract name ends with its socket', (k) => {
  const name = `\0bw-${process.pid}-d`;
  k.close(listenOn(k, name));
  k.fails(connectTo(k, k.unix(), name), 'ECONNREFUSED');
  k.is(k.kernel.bind(k.unix(), k.c.AF_UNIX, name, 0), 0);
});

behaviour('a path may fill all 108 bytes', (k) => {
  const path = k.path('').padEnd(108, 'p');
  k.is(k.kernel.bind(k.unix(), k.c.AF_UNIX, path, 0), 0);
  k.is(k.kernel.unlink(path), 0);
});

behaviour('names that can not be have their errors', (k) => {
  const fd = k.unix();
  k.fails(k.kernel.bind(fd, k.c.AF_UNIX, '', 0), 'EINVAL');
  k.fails(k.kernel.bind(fd, k.c.AF_UNIX, 'a\0b', 0), 'EINVAL');
  k.fails(k.kernel.bind(fd, k.c.AF_UNIX, `/tmp/${'x'.repeat(104)}`, 0), 'ENAMETOOLONG');
  k.fails(k.kernel.bind(fd, k.c.AF_UNIX, '/no-such-folder/x', 0), 'ENOENT');
  k.fails(k.kernel.listen(fd, 1), 'EINVAL');
  assert.equal(k.read(fd), '[EINVAL]');
  k.fails(k.write(fd, 'x'), 'ENOTCONN');
});

behaviour('close is the end to a reader and EPIPE to a writer', async (k) => {
  const { client, server } = k.unixPair();
  k.watch(client);
  assert.deepEqual(await k.events(client), ['OUT']);
  k.write(server, 'bye');
  k.close(server);
  assert.equal(await k.eventsTogether(client), 'IN OUT HUP RDHUP');
  assert.equal(k.read(client), 'bye');
  assert.equal(k.read(client), '');
  k.fails(k.write(client, 'x'), 'EPIPE');
});

behaviour('close with unread bytes is ECONNRESET, once', async (k) => {
  const { client, server } = k.unixPair();
  k.watch(client);
  await k.events(client);
  k.write(client, 'never read');
  k.close(server);
  assert.equal(await k.eventsTogether(client), 'IN OUT ERR HUP RDHUP');
  assert.equal(k.read(client), '[ECONNRESET]');
  assert.equal(k.read(client), '');
});

behaviour('a listener that closes resets who waits to be accepted', (k) => {
  const path = k.path('e.sock');
  const listener = listenOn(k, path);
  const client = k.unix();
  k.is(connectTo(k, client, path), 0);
  k.close(listener);
  assert.equal(k.read(client), '[ECONNRESET]');
  assert.equal(k.read(client), '');
  k.kernel.unlink(path);
});

behaviour('half-close: one direction ends, the other goes on', async (k) => {
  const { client, server } = k.unixPair();
  k.watch(server);
  await k.events(server);
  k.is(k.kernel.shutdown(client, k.c.SHUT_WR), 0);
  assert.equal(await k.eventsTogether(server), 'IN OUT RDHUP');
  assert.equal(k.read(server), '');
  k.is(k.write(server, 'still'), 5);
  assert.equal(k.read(client), 'still');
  k.fails(k.write(client, 'x'), 'EPIPE');
});

behaviour('OUT is reported again as the peer reads, once there is much room', async (k) => {
  const { client, server } = k.unixPair();
  k.watch(client);
  await k.events(client);
  const chunk = Buffer.alloc(1 << 16, 1);
  let sent = 0;
  let status = 0;
  for (let i = 0; i < 100 && status >= 0; i++) {
    status = k.kernel.write(client, chunk, 0, chunk.length);
    if (status > 0) sent += status;
  }
  k.fails(status, 'EAGAIN');
  assert.deepEqual(await k.events(client), []);
  let got = 0;
  for (let i = 0; i < 1000 && got < sent; i++) got += k.ok(k.read(server).length);
  assert.equal(got, sent);
  assert.equal(await k.eventsTogether(client), 'OUT');
});

behaviour('descriptors travel with bytes, and a plain read drops them', async (k) => {
  const { client, server } = k.unixPair();
  const pair = await k.tcpPair();
  const bytes = Buffer.from('xy');
  k.is(k.kernel.sendRights(client, bytes, 0, 2, [pair.client]), 2);
  k.close(pair.client);
  const into: number[] = [];
  const room = Buffer.alloc(8);
  k.is(k.kernel.readRights(server, room, 0, 8, into), 2);
  assert.equal(into.length, 1);
  k.is(k.write(into[0] ?? -1, 'via'), 3);
  await k.settle();
  assert.equal(k.read(pair.server), 'via');
  k.is(k.kernel.sendRights(client, bytes, 0, 2, [into[0] ?? -1]), 2);
  k.close(into[0] ?? -1);
  assert.equal(k.read(server), 'xy');
  await k.settle();
  assert.equal(k.read(pair.server), '');
});

behaviour('a read for descriptors ends behind them, and a plain one goes on', (k) => {
  const { client, server } = k.unixPair();
  const bytes = Buffer.from('with');
  const send = (): void => {
    k.is(k.write(client, 'before'), 6);
    k.is(k.kernel.sendRights(client, bytes, 0, 4, [server]), 4);
    k.is(k.write(client, 'behind'), 6);
  };
  send();
  assert.equal(k.read(server), 'beforewithbehind');
  send();
  const into: number[] = [];
  const room = Buffer.alloc(64);
  k.is(k.kernel.readRights(server, room, 0, 64, into), 10);
  assert.equal(room.toString('latin1', 0, 10), 'beforewith');
  assert.equal(into.length, 1);
  assert.equal(k.read(server), 'behind');
});

behaviour('a pipe carries bytes one way, to its end', async (k) => {
  const ends: number[] = [];
  k.is(k.kernel.pipe(ends), 0);
  const [reader = -1, writer = -1] = ends;
  assert.equal(k.kernel.kind(reader), k.c.S_IFIFO);
  assert.equal(k.read(reader), '[EAGAIN]');
  k.is(k.write(writer, 'through'), 7);
  assert.equal(k.read(reader, 3), 'thr');
  k.fails(k.write(reader, 'x'), 'EBADF');
  k.watch(reader);
  assert.deepEqual(await k.events(reader), ['IN']);
  k.close(writer);
  assert.equal(await k.eventsTogether(reader), 'IN HUP');
  assert.equal(k.read(reader), 'ough');
  assert.equal(k.read(reader), '');
});

behaviour('a pipe without a reader is EPIPE; a full one EAGAIN', (k) => {
  const ends: number[] = [];
  k.is(k.kernel.pipe(ends), 0);
  const [reader = -1, writer = -1] = ends;
  const chunk = Buffer.alloc(100_000);
  k.is(k.kernel.write(writer, chunk, 0, chunk.length), 65_536);
  k.fails(k.write(writer, 'x'), 'EAGAIN');
  k.close(reader);
  k.fails(k.write(writer, 'x'), 'EPIPE');
});

behaviour('splice moves bytes between a socket and a pipe', async (k) => {
  const { client, server } = await k.tcpPair();
  const ends: number[] = [];
  k.is(k.kernel.pipe(ends), 0);
  const [reader = -1, writer = -1] = ends;
  k.fails(k.kernel.splice(server, writer, 100), 'EAGAIN');
  k.write(client, 'moved');
  await k.settle();
  k.is(k.kernel.splice(server, writer, 3), 3);
  k.is(k.kernel.splice(server, writer, 100), 2);
  k.is(k.kernel.splice(reader, server, 100), 5);
  await k.settle();
  assert.equal(k.read(client), 'moved');
  k.fails(k.kernel.splice(client, server, 5), 'EINVAL');
});

behaviour('a pipe can be made to hold more, and not less than what is in it', (k) => {
  const ends: number[] = [];
  k.is(k.kernel.pipe(ends), 0);
  const [reader = -1, writer = -1] = ends;
  k.is(k.kernel.pipeSize(writer, 262_144), 262_144);
  const chunk = Buffer.alloc(300_000);
  k.is(k.kernel.write(writer, chunk, 0, chunk.length), 262_144);
  k.fails(k.kernel.pipeSize(reader, 65_536), 'EBUSY');
  k.is(k.kernel.read(reader, chunk, 0, chunk.length), 262_144);
  k.is(k.kernel.pipeSize(reader, 5_000), 8_192);
  k.is(k.kernel.write(writer, chunk, 0, chunk.length), 8_192);
  const { client } = k.unixPair();
  k.fails(k.kernel.pipeSize(client, 65_536), 'EBADF');
});

behaviour('splice leaves in the pipe what a full socket does not take', async (k) => {
  const { client, server } = await k.tcpPair();
  const ends: number[] = [];
  k.is(k.kernel.pipe(ends), 0);
  const [reader = -1, writer = -1] = ends;
  const chunk = Buffer.alloc(65_536);
  while (k.kernel.write(client, chunk, 0, chunk.length) > 0);
  k.write(writer, 'stays');
  k.fails(k.kernel.splice(reader, client, 100), 'EAGAIN');
  assert.equal(k.read(reader), 'stays');
  k.write(writer, 'lost');
  k.close(server);
  await k.settle();
  const failed = k.show(k.kernel.splice(reader, client, 100));
  assert.match(String(failed), /^(ECONNRESET|EPIPE)$/);
  assert.equal(k.read(reader), 'lost');
});

behaviour('who answers and closes with bytes unread: answer, reset, end', async (k) => {
  const { client, server } = k.unixPair();
  k.watch(client);
  await k.events(client);
  k.write(client, 'unread');
  k.write(server, 'answer');
  k.close(server);
  assert.equal(await k.eventsTogether(client), 'IN OUT ERR HUP RDHUP');
  k.is(k.kernel.pending(client, k.c.FIONREAD), 6);
  // Other than with TCP a write leaves the reset to the reader.
  k.fails(k.write(client, 'x'), 'EPIPE');
  k.fails(k.write(client, 'x'), 'EPIPE');
  assert.equal(k.read(client, 3), 'ans');
  assert.equal(k.read(client), 'wer');
  assert.equal(k.read(client), '[ECONNRESET]');
  assert.equal(k.read(client), '');
  k.fails(k.write(client, 'x'), 'EPIPE');
});

behaviour('SO_ERROR takes that reset away: the answer stays, with an end behind it', (k) => {
  const { client, server } = k.unixPair();
  k.write(client, 'unread');
  k.write(server, 'answer');
  k.close(server);
  assert.equal(k.pendingError(client), 'ECONNRESET');
  assert.equal(k.pendingError(client), 0);
  assert.equal(k.read(client), 'answer');
  assert.equal(k.read(client), '');
});

behaviour('a writer that waits for room is woken by that reset, and may read', async (k) => {
  const { client, server } = k.unixPair();
  const chunk = Buffer.alloc(1 << 16, 7);
  while (k.kernel.write(client, chunk, 0, chunk.length) > 0);
  k.watch(client);
  await k.events(client);
  k.write(server, 'answer');
  k.close(server);
  assert.equal(await k.eventsTogether(client), 'IN OUT ERR HUP RDHUP');
  k.fails(k.write(client, 'x'), 'EPIPE');
  assert.equal(k.read(client), 'answer');
  assert.equal(k.read(client), '[ECONNRESET]');
  assert.equal(k.read(client), '');
});

behaviour('who reads all, answers and closes: the answer and a clean end', async (k) => {
  const { client, server } = k.unixPair();
  k.write(client, 'read');
  assert.equal(k.read(server), 'read');
  k.write(server, 'answer');
  k.close(server);
  k.fails(k.write(client, 'x'), 'EPIPE');
  assert.equal(k.pendingError(client), 0);
  assert.equal(k.read(client), 'answer');
  assert.equal(k.read(client), '');
});
