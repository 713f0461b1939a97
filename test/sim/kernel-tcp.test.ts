/** What TCP sockets do, on Linux and on the simulator that is held to it. */
import assert from 'node:assert/strict';
import { behaviour, type Kit, type Pair } from './kit/behaviour.js';

behaviour('a connection moves bytes both ways', async (k) => {
  const { client, server } = await k.tcpPair();
  k.is(k.write(client, 'there'), 5);
  k.is(k.write(server, 'back'), 4);
  await k.settle();
  assert.equal(k.read(server), 'there');
  assert.equal(k.read(client), 'back');
  assert.equal(k.read(client), '[EAGAIN]');
});

behaviour('a read takes what is asked for, and a peek leaves it', async (k) => {
  const { client, server } = await k.tcpPair();
  k.write(client, 'abc');
  k.write(client, 'def');
  await k.settle();
  const bytes = Buffer.alloc(4);
  k.is(k.kernel.peek(server, bytes, 0, 4), 4);
  assert.equal(bytes.toString(), 'abcd');
  assert.equal(k.read(server, 4), 'abcd');
  assert.equal(k.read(server), 'ef');
});

behaviour('bytes that may wait for more are there once the FIN is sent', async (k) => {
  const { client, server } = await k.tcpPair();
  k.is(k.kernel.writeMore(client, Buffer.from('last'), 0, 4), 4);
  k.is(k.kernel.shutdown(client, k.c.SHUT_WR), 0);
  await k.settle();
  assert.equal(k.read(server), 'last');
  k.is(k.kernel.read(server, Buffer.alloc(8), 0, 8), 0);
});

behaviour('names are known at both ends', async (k) => {
  const { client, server, listener } = await k.tcpPair();
  const port = k.portOf(listener);
  const own = k.kernel.getsockname(client);
  assert.deepEqual(k.kernel.getpeername(server), own);
  const to = { family: k.c.AF_INET, address: '127.0.0.1', port };
  assert.deepEqual(k.kernel.getpeername(client), to);
  assert.deepEqual(k.kernel.getsockname(server), to);
  const fresh = k.tcp();
  assert.deepEqual(k.kernel.getsockname(fresh), { ...to, address: '0.0.0.0', port: 0 });
  assert.equal(k.show(k.kernel.getpeername(fresh) as number), 'ENOTCONN');
});

behaviour('nobody listening is ECONNREFUSED, once, and the socket can try again', async (k) => {
  const { fd, port } = k.listener();
  k.close(fd);
  const client = k.tcp();
  k.watch(client);
  await k.events(client);
  k.fails(k.connect(client, port), 'EINPROGRESS');
  assert.match(await k.eventsTogether(client), /OUT ERR HUP/);
  assert.equal(k.pendingError(client), 'ECONNREFUSED');
  assert.equal(k.pendingError(client), 0);
  assert.equal(k.show(k.kernel.getpeername(client) as number), 'ENOTCONN');
  k.fails(k.connect(client, port), 'ECONNABORTED');
  k.fails(k.connect(client, port), 'EINPROGRESS');
});

behaviour('connect again is EALREADY, then 0, then EISCONN', async (k) => {
  const { port } = k.listener();
  const client = k.tcp();
  k.fails(k.connect(client, port), 'EINPROGRESS');
  await k.settle();
  k.is(k.connect(client, port), 0);
  k.fails(k.connect(client, port), 'EISCONN');
});

behaviour('a socket that never connected has no peer, no bytes and hangs up', async (k) => {
  const fresh = k.tcp();
  assert.equal(k.read(fresh), '[ENOTCONN]');
  k.fails(k.write(fresh, 'x'), 'EPIPE');
  k.fails(k.kernel.shutdown(fresh, k.c.SHUT_WR), 'ENOTCONN');
  const other = k.tcp();
  k.watch(other);
  assert.deepEqual(await k.events(other), ['OUT HUP']);
});

behaviour('FIN comes after the bytes; the other direction stays open', async (k) => {
  const { client, server } = await k.tcpPair();
  k.write(client, 'last words');
  k.is(k.kernel.shutdown(client, k.c.SHUT_WR), 0);
  await k.settle();
  assert.equal(k.read(server), 'last words');
  assert.equal(k.read(server), '');
  assert.equal(k.read(server), '');
  k.fails(k.write(client, 'more'), 'EPIPE');
  k.is(k.write(server, 'answer'), 6);
  await k.settle();
  assert.equal(k.read(client), 'answer');
});

behaviour('when both have ended the connection is gone: hang-up, no peer', async (k) => {
  const { client, server } = await k.tcpPair();
  k.watch(client);
  await k.events(client);
  k.is(k.kernel.shutdown(client, k.c.SHUT_WR), 0);
  await k.settle();
  k.is(k.kernel.shutdown(server, k.c.SHUT_WR), 0);
  assert.match(await k.eventsTogether(client), /IN OUT HUP RDHUP/);
  assert.equal(k.read(client), '');
  assert.equal(k.show(k.kernel.getpeername(client) as number), 'ENOTCONN');
  assert.equal(k.show(k.kernel.getpeername(server) as number), 'ENOTCONN');
  k.fails(k.kernel.shutdown(client, k.c.SHUT_WR), 'ENOTCONN');
});

behaviour('close with unread bytes resets the other end', async (k) => {
  const { client, server } = await k.tcpPair();
  k.write(client, 'never read');
  await k.settle();
  k.close(server);
  await k.settle();
  assert.equal(k.read(client), '[ECONNRESET]');
  assert.equal(k.read(client), '');
});

behaviour(
  'close with no time to linger resets; bytes that are there can be read first',
  async (k) => {
    const { client, server } = await k.tcpPair();
    k.write(server, 'unread');
    await k.settle();
    k.lingerOff(server);
    k.watch(client);
    await k.events(client);
    k.close(server);
    assert.equal(await k.eventsTogether(client), 'IN OUT ERR HUP RDHUP');
    assert.equal(k.read(client), 'unread');
    assert.equal(k.read(client), '[ECONNRESET]');
    assert.equal(k.read(client), '');
  },
);

behaviour('a write after a reset reports it once, then EPIPE', async (k) => {
  const { client, server } = await k.tcpPair();
  k.lingerOff(server);
  k.close(server);
  await k.settle();
  k.fails(k.write(client, 'x'), 'ECONNRESET');
  k.fails(k.write(client, 'x'), 'EPIPE');
});

behaviour('a reset behind FIN is EPIPE to a writer and the end to a reader', async (k) => {
  const { client, server } = await k.tcpPair();
  k.close(server);
  await k.settle();
  k.is(k.write(client, 'to nobody'), 9);
  await k.settle();
  assert.equal(k.read(client), '');
  k.fails(k.write(client, 'x'), 'EPIPE');
});

behaviour('data for a closed socket brings a reset', async (k) => {
  const { client, server } = await k.tcpPair();
  k.watch(client);
  await k.events(client);
  k.close(server);
  assert.equal(await k.eventsTogether(client), 'IN OUT RDHUP');
  k.is(k.write(client, 'x'), 1);
  assert.equal(await k.eventsTogether(client), 'IN OUT ERR HUP RDHUP');
});

behaviour(
  'a full connection takes part of a write, then EAGAIN; then it is writable',
  async (k) => {
    const { client, server } = await k.tcpPair();
    k.watch(client);
    await k.events(client);
    const chunk = Buffer.alloc(1 << 20, 7);
    let sent = 0;
    let status = 0;
    for (let i = 0; i < 100; i++) {
      status = k.kernel.write(client, chunk, 0, chunk.length);
      if (status < 0) {
        await k.settle();
        status = k.kernel.write(client, chunk, 0, chunk.length);
        if (status < 0) break;
      }
      sent += status;
    }
    k.fails(status, 'EAGAIN');
    assert(sent > 10_000, `sent ${sent}`);
    await k.events(client);
    const bytes = Buffer.alloc(1 << 16);
    let got = 0;
    for (let i = 0; i < 100_000 && got < sent; i++) {
      const count = k.kernel.read(server, bytes, 0, bytes.length);
      if (count > 0) got += count;
      else await k.settle();
    }
    assert.equal(got, sent);
    assert.match(await k.eventsTogether(client), /^OUT$/);
    k.is(k.write(client, 'again'), 5);
  },
);

behaviour(
  'shutdown for reading is the end at once; what comes later can still be read',
  async (k) => {
    const { client, server } = await k.tcpPair();
    k.is(k.kernel.shutdown(server, k.c.SHUT_RD), 0);
    assert.equal(k.read(server), '');
    k.write(client, 'late');
    await k.settle();
    assert.equal(k.read(server), 'late');
    assert.equal(k.read(server), '');
  },
);

behaviour('ioctl tells how much is unread, and that all was acknowledged', async (k) => {
  const { client, server } = await k.tcpPair();
  k.write(client, 'seven b');
  await k.settle();
  k.is(k.kernel.pending(server, k.c.FIONREAD), 7);
  k.is(k.kernel.pending(client, k.c.SIOCOUTQ), 0);
});

behaviour('writev skips what was sent, and gathers the rest', async (k) => {
  const { client, server } = await k.tcpPair();
  const chunks = ['abc', 'def', 'ghi'].map((text) => Buffer.from(text));
  k.is(k.kernel.writev(client, chunks, 3, 4), 5);
  k.is(k.kernel.writev(client, chunks, 1, 0), 3);
  await k.settle();
  assert.equal(k.read(server), 'efghiabc');
});

behaviour('readv fills one chunk after the other, and leaves what comes behind', async (k) => {
  const { client, server } = await k.tcpPair();
  const chunks = [
    Buffer.alloc(4, '.'),
    Buffer.alloc(0),
    Buffer.alloc(3, '.'),
    Buffer.alloc(2, '.'),
  ];
  k.fails(k.kernel.readv(server, chunks, 4), 'EAGAIN');
  k.write(client, 'abcdefghijkl');
  await k.settle();
  k.is(k.kernel.readv(server, chunks, 3), 7);
  assert.deepEqual(chunks.map(String), ['abcd', '', 'efg', '..']);
  k.is(k.kernel.readv(server, chunks, 4), 5);
  assert.deepEqual(chunks.map(String), ['hijk', '', 'lfg', '..']);
  k.fails(k.kernel.readv(server, chunks, 4), 'EAGAIN');
  k.is(k.kernel.shutdown(client, k.c.SHUT_WR), 0);
  await k.settle();
  k.is(k.kernel.readv(server, chunks, 4), 0);
});

behaviour('bytes are copied when they are written: the buffer may change at once', async (k) => {
  const { client, server } = await k.tcpPair();
  const bytes = Buffer.from('before');
  k.is(k.kernel.write(client, bytes, 0, bytes.length), 6);
  bytes.write('behind');
  await k.settle();
  assert.equal(k.read(server), 'before');
});

/** The peer answers and closes with a byte of ours unread. */
async function answeredAndClosed(k: Kit, { client, server }: Pair): Promise<string> {
  k.watch(client);
  await k.events(client);
  k.write(client, 'unread');
  await k.settle();
  k.write(server, 'answer');
  k.close(server);
  return k.eventsTogether(client);
}

behaviour('who answers and closes with bytes unread: answer, reset, end', async (k) => {
  const pair = await k.tcpPair();
  assert.equal(await answeredAndClosed(k, pair), 'IN OUT ERR HUP RDHUP');
  k.is(k.kernel.pending(pair.client, k.c.FIONREAD), 6);
  assert.equal(k.read(pair.client, 3), 'ans');
  assert.equal(k.read(pair.client), 'wer');
  assert.equal(k.read(pair.client), '[ECONNRESET]');
  assert.equal(k.read(pair.client), '');
  k.fails(k.write(pair.client, 'x'), 'EPIPE');
});

behaviour('a write takes that reset away: the answer stays, with an end behind it', async (k) => {
  const pair = await k.tcpPair();
  await answeredAndClosed(k, pair);
  k.fails(k.write(pair.client, 'x'), 'ECONNRESET');
  k.fails(k.write(pair.client, 'x'), 'EPIPE');
  k.is(k.kernel.pending(pair.client, k.c.FIONREAD), 6);
  assert.equal(k.read(pair.client), 'answer');
  assert.equal(k.read(pair.client), '');
});

behaviour('so does SO_ERROR', async (k) => {
  const pair = await k.tcpPair();
  await answeredAndClosed(k, pair);
  assert.equal(k.pendingError(pair.client), 'ECONNRESET');
  assert.equal(k.pendingError(pair.client), 0);
  k.fails(k.write(pair.client, 'x'), 'EPIPE');
  assert.equal(k.read(pair.client), 'answer');
  assert.equal(k.read(pair.client), '');
});

behaviour('a peek leaves both the answer and the reset', async (k) => {
  const { client, server } = await k.tcpPair();
  await answeredAndClosed(k, { client, server, listener: -1 });
  const bytes = Buffer.alloc(16);
  k.is(k.kernel.peek(client, bytes, 0, 16), 6);
  assert.equal(k.read(client), 'answer');
  k.fails(k.kernel.peek(client, bytes, 0, 16), 'ECONNRESET');
  k.is(k.kernel.peek(client, bytes, 0, 16), 0);
});

behaviour('a FIN before that reset: the answer and a clean end, EPIPE to a writer', async (k) => {
  const { client, server } = await k.tcpPair();
  k.write(client, 'unread');
  await k.settle();
  k.write(server, 'answer');
  k.is(k.kernel.shutdown(server, k.c.SHUT_WR), 0);
  await k.settle();
  k.close(server);
  await k.settle();
  assert.equal(k.read(client), 'answer');
  assert.equal(k.read(client), '');
  assert.equal(k.pendingError(client), 'EPIPE');
  k.fails(k.write(client, 'x'), 'EPIPE');
});

behaviour('a writer that waits for room is woken by that reset, and may read', async (k) => {
  const { client, server } = await k.tcpPair();
  const chunk = Buffer.alloc(1 << 20, 7);
  while (k.kernel.write(client, chunk, 0, chunk.length) > 0) await k.settle();
  k.watch(client);
  await k.events(client);
  k.write(server, 'answer');
  k.close(server);
  assert.equal(await k.eventsTogether(client), 'IN OUT ERR HUP RDHUP');
  k.fails(k.write(client, 'x'), 'ECONNRESET');
  assert.equal(k.read(client), 'answer');
  assert.equal(k.read(client), '');
});
