/** C060–C071: a socket as a stream. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { Duplex, PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { linux } from '#internal/sys/linux';
import { accepted, connected, fillUp } from './kit/pair.js';
import { type PeerSocket, peer } from './kit/peer.js';
import { pattern } from './kit/peer_calls.js';
import { Program } from './kit/program.js';
import { row, type Scope, type Socket } from './kit/row.js';
import { event, logOf, turns, until, within } from './kit/wait.js';

const LARGE = 6_000_000;

function sha1(...chunks: Buffer[]): string {
  const hash = createHash('sha1');
  for (const chunk of chunks) hash.update(chunk);
  return hash.digest('hex');
}

row('C060 a socket is an EventEmitter and a Duplex that pipes', async (s) => {
  const { socket, far } = await accepted(s);
  assert.ok(socket instanceof EventEmitter);
  assert.ok(socket instanceof Duplex);
  socket.pipe(new PassThrough()).pipe(socket);
  await far.fill(LARGE);
  await far.end();
  assert.equal((await far.until({ ended: true })).sha1, sha1(pattern(LARGE)));
});

row('C060 pipeline works', async (s) => {
  const { socket, far } = await accepted(s, { allowHalfOpen: true }, { allowHalfOpen: true });
  const done = pipeline(socket, new PassThrough(), socket);
  await far.end('through a pipeline');
  assert.equal((await far.until({ ended: true })).text, 'through a pipeline');
  await within(done, 'the pipeline');
});

row('C060 async iteration gives everything up to the end', async (s) => {
  const { socket, far } = await accepted(s);
  await far.fill(LARGE);
  await far.end();
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  assert.equal(sha1(...chunks), sha1(pattern(LARGE)));
});

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

row('C061 allowHalfOpen is an option of the constructor', async (s) => {
  const there = await peer.listen({ host: '127.0.0.1', allowHalfOpen: true });
  assert.equal(new s.net.Socket().allowHalfOpen, false);
  const socket = s.own(new s.net.Socket({ allowHalfOpen: true }));
  socket.connect(there.port, '127.0.0.1').resume();
  const ended = event(socket, 'end');
  const far = await there.accept();
  await far.end();
  await ended;
  socket.end('after your FIN');
  assert.equal((await far.until({ ended: true })).text, 'after your FIN');
});

row('C063 bufferSize grows while the peer does not read, and is 0 when flushed', async (s) => {
  const { socket, far } = await connected(s, { pauseOnConnect: true });
  const size = (): number => (socket as Socket & { bufferSize: number }).bufferSize;
  assert.equal(size(), 0);
  fillUp(socket);
  const full = size();
  assert.ok(full > 0);
  socket.write(Buffer.alloc(100_000));
  assert.equal(size(), full + 100_000);
  const drained = event(socket, 'drain');
  await far.resume();
  await drained;
  assert.equal(size(), 0);
});

row('C064 a character split over reads is kept whole', async (s) => {
  const { socket, far } = await accepted(s);
  const text = 'grün €uro 😀';
  const bytes = Buffer.from(text);
  let got = '';
  socket.setEncoding('utf8').on('data', (part: unknown) => {
    assert.equal(typeof part, 'string');
    got += part;
  });
  for (const [i, byte] of bytes.entries()) {
    await far.write(String.fromCharCode(byte));
    await until(() => socket.bytesRead === i + 1, 'one byte');
  }
  await until(
    () => got === text,
    () => `${text}, not ${got}`,
  );
  assert.equal(socket.readableEncoding, 'utf8');
});

row('C065 write takes the encodings of Buffer, UTF-8 by default', async (s) => {
  const { socket, far } = await accepted(s);
  const called: unknown[] = [];
  const expected = ['€', 'ff00', 'ä', 'aGk=', 'x', 'é'].map((text, i) =>
    Buffer.from(text, (['utf8', 'hex', 'latin1', 'base64', 'utf16le', 'utf8'] as const)[i]),
  );
  socket.write('€');
  socket.write('ff00', 'hex');
  socket.write('ä', 'latin1', (error) => called.push(error ?? null));
  socket.write('aGk=', 'base64');
  socket.write('x', 'utf16le');
  socket.write('é', (error) => called.push(error ?? null));
  socket.write(new Uint8Array([1, 2, 3]));
  const all = Buffer.concat([...expected, Buffer.from([1, 2, 3])]);
  assert.equal((await far.until({ bytes: all.length })).text, all.toString('latin1'));
  assert.deepEqual(called, [null, null]);
});

row('C066 write returns false past the limit, and drain follows each false', async (s) => {
  const { socket, far } = await connected(s, { pauseOnConnect: true });
  const log = logOf(socket, 'drain');
  assert.equal(socket.write('a little'), true);
  for (let round = 0; round < 3; round++) {
    await far.pause();
    const bytes = fillUp(socket);
    assert.ok(bytes > socket.writableHighWaterMark, 'what the kernel takes is not queued');
    assert.ok(socket.writableLength >= socket.writableHighWaterMark);
    await turns();
    assert.equal(log.length, round);
    const drained = event(socket, 'drain');
    await far.resume();
    await drained;
    assert.equal(socket.write('a little'), true);
  }
  assert.equal(log.length, 3);
});

row('C067 the callback runs when the data is written out, and not before', async (s) => {
  const { socket, far } = await connected(s, { pauseOnConnect: true });
  const log: string[] = [];
  socket.write('first', () => log.push('first'));
  await until(() => log.length === 1, 'the first callback');
  socket.write(Buffer.alloc(LARGE), (error) => log.push(`large ${error ?? ''}`));
  socket.write('last', (error) => log.push(`last ${error ?? ''}`));
  await turns(20);
  assert.deepEqual(log, ['first']);
  await far.resume();
  await far.until({ bytes: LARGE + 9 });
  await until(() => log.length === 3, 'the callbacks');
  assert.deepEqual(log, ['first', 'large ', 'last ']);
});

row('C067 the callback gets the error where the data never will be written', async (s) => {
  for (const how of ['reset', 'destroy'] as const) {
    const { socket, far } = await connected(s, { pauseOnConnect: true });
    socket.on('error', () => {});
    const failures: Promise<unknown>[] = [Buffer.alloc(LARGE), Buffer.from('behind it')].map(
      (data) => new Promise((resolve) => socket.write(data, resolve)),
    );
    if (how === 'reset') await far.reset();
    else socket.destroy();
    for (const failure of failures) {
      assert.ok((await within(failure, `the callback after ${how}`)) instanceof Error);
    }
  }
});

row('C068 writes before connect are sent after it, in order', async (s) => {
  const there = await peer.listen();
  const socket = s.connect(there.port, '127.0.0.1');
  const log: string[] = [];
  assert.equal(
    socket.write('one ', () => log.push('one')),
    true,
  );
  socket.write('two ');
  socket.write(Buffer.alloc(1_000_000, 'x'), () => log.push('large'));
  socket.once('connect', () => {
    log.push('connect');
    socket.write(' three');
  });
  assert.equal(socket.connecting, true);
  const far = await there.accept();
  const { text } = await far.until({ bytes: 1_000_014 });
  assert.ok(text.startsWith('one two xxx'));
  await until(() => log.length === 3, 'the callbacks');
  assert.deepEqual(log, ['connect', 'one', 'large']);
});

row('C068 what a program writes before connect arrives in order', async (s) => {
  const there = await peer.listen();
  const socket = s.connect(there.port, '127.0.0.1');
  for (let i = 0; i < 1000; i++) socket.write(`${i};`);
  socket.end('end');
  const { text } = await (await there.accept()).until({ ended: true });
  assert.equal(text, `${Array.from({ length: 1000 }, (_, i) => i).join(';')};end`);
});

row('C069 end sends FIN after the data, and the peer may still send', async (s) => {
  const { socket, far } = await connected(s, { allowHalfOpen: true });
  socket.write(Buffer.alloc(LARGE));
  socket.end('20AC', 'hex');
  const { bytes, text } = await far.until({ ended: true });
  assert.equal(bytes, LARGE + 2);
  assert.equal(text.at(0), '\0');
  const received: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => received.push(chunk));
  const closed = event(socket, 'close');
  await far.write('still ');
  await far.end('sending');
  assert.deepEqual(await closed, [false]);
  assert.equal(String(Buffer.concat(received)), 'still sending');
});

row('C070 destroy ends all activity; close follows; twice is harmless', async (s) => {
  const { socket, far } = await accepted(s);
  const log = logOf(socket, 'data', 'end', 'error', 'close');
  const closed = event(socket, 'close');
  socket.once('data', () => {
    socket.destroy();
    socket.destroy();
    assert.deepEqual(log, ['data']);
    assert.equal(socket.destroyed, true);
    assert.equal(socket.write('into the void'), false);
  });
  await far.fill(LARGE);
  assert.deepEqual(await closed, [false]);
  await far.until({ closed: true });
  socket.destroy();
  await turns();
  assert.deepEqual(log, ['data', 'close']);
});

row('C070 destroy is safe inside every handler', async (s) => {
  for (const name of ['data', 'end', 'timeout', 'drain', 'finish']) {
    const theirs = { allowHalfOpen: true, paused: name === 'drain' };
    const { socket, far } = await accepted(s, theirs, { allowHalfOpen: true });
    const log = logOf(socket, 'close', 'error');
    socket.on(name, () => socket.destroy().destroy()).resume();
    if (name === 'timeout') socket.setTimeout(1);
    if (name === 'data') await far.fill(1_000_000);
    if (name === 'end') await far.end();
    if (name === 'drain') {
      fillUp(socket);
      await far.resume();
    }
    if (name === 'finish') socket.end('x');
    await until(() => log.length > 0, `close after ${name}`);
    await turns();
    assert.deepEqual(log, ['close'], name);
  }
});

row('C070 destroy in the handler of connection or connect', async (s) => {
  const server = s.server((socket) => socket.destroy());
  const client = await peer.connect({ port: await s.port(server) });
  await client.until({ closed: true });
  const there = await peer.listen();
  const socket = s.connect(there.port, '127.0.0.1', () => socket.destroy());
  assert.deepEqual(await event(socket, 'close'), [false]);
});

/** What the sender still holds once that changes no more, or nothing. */
async function settledPending(far: PeerSocket): Promise<number> {
  let last = -1;
  let same = 0;
  await until(async () => {
    const { pending } = await far.state();
    same = pending === last ? same + 1 : 0;
    last = pending;
    return same > 20 || pending === 0;
  }, 'the sender to settle');
  return last;
}

row('C071 pause holds the sender back; resume loses nothing', async (s) => {
  const total = 24_000_000;
  const { socket, far } = await accepted(s);
  const hash = createHash('sha1');
  let bytes = 0;
  socket.on('data', (chunk: Buffer) => {
    hash.update(chunk);
    bytes += chunk.length;
    if (bytes === chunk.length) socket.pause();
  });
  await far.fill(total);
  await until(() => bytes > 0, 'the first data');
  const seen = bytes;
  assert.ok((await settledPending(far)) > 0, 'the sender is throttled');
  assert.equal(bytes, seen, 'no data while paused');
  socket.resume();
  await until(() => bytes === total, 'all data');
  assert.equal(hash.digest('hex'), sha1(pattern(total)));
  assert.equal((await far.until({ flushed: true })).pending, 0);
});
