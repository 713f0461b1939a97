/** Strings on their way to the peer: as Buffer.from makes them, and none in another's place. */
import assert from 'node:assert/strict';
import http from 'node:http';
import type builtin from 'node:net';
import ours from 'barewire/node';
import { listen, text } from '../../interop/sides.js';
import { makePair, readAll } from '../../kit/pairs.js';
import { type Scope, test } from '../../kit/test.js';

const TEXTS = ['a', 'é', '€', '😀', '\ud800', 'x'.repeat(2000), '€'.repeat(2730), 'é'.repeat(2731)];
const ENCODINGS = [undefined, 'utf8', 'utf-8', 'latin1', 'binary', 'ascii', 'utf16le'] as const;

test('strings of every encoding and length arrive as Buffer.from makes them', async (scope) => {
  const { ours: socket, peer } = await makePair(scope);
  const expected: Buffer[] = [];
  let bytes = 0;
  for (const encoding of ENCODINGS) {
    for (const chunk of TEXTS) {
      const own = Buffer.from(chunk, encoding ?? 'utf8');
      expected.push(own);
      bytes += own.length;
      if (encoding === undefined) socket.write(chunk);
      else socket.write(chunk, encoding);
      assert.equal(socket.bytesWritten, bytes);
      // Half of them are first ones, the others join.
      if (expected.length % 2 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
  }
  socket.end();
  assert.deepEqual(await readAll(peer), Buffer.concat(expected));
});

test('a string that is corked or held back keeps its bytes', async (scope) => {
  const { ours: socket, peer } = await makePair(scope);
  const other = await makePair(scope);
  const done: string[] = [];
  socket.cork();
  socket.write('first', () => done.push('first'));
  other.ours.write('XXXXX');
  socket.write('second', () => done.push('second'));
  other.ours.write('YYYYYY');
  socket.uncork();
  socket.write('third', () => done.push('third'));
  other.ours.end('ZZZZZ');
  socket.write('fourth', () => done.push('fourth'));
  socket.end();
  assert.equal(String(await readAll(peer)), 'firstsecondthirdfourth');
  assert.equal(String(await readAll(other.peer)), 'XXXXXYYYYYYZZZZZ');
  assert.deepEqual(done, ['first', 'second', 'third', 'fourth']);
});

test('a corked string stays until uncork, however many turns later', async (scope) => {
  const { ours: socket, peer } = await makePair(scope);
  socket.cork();
  socket.write('held', () => {});
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(socket.writableLength, 4);
  socket.uncork();
  socket.end();
  assert.equal(String(await readAll(peer)), 'held');
});

async function corkedWithin(scope: Scope): Promise<string> {
  const server = http.createServer((request, response) => {
    const { socket } = request;
    response.end('hello €', () => socket.end());
    assert.equal(socket.writableCorked, 0);
  });
  const listener = ours.createServer((socket) => server.emit('connection', socket));
  const port = await listen(scope, listener as unknown as builtin.Server);
  const client = ours.connect(port);
  scope.defer(() => client.destroy());
  client.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  return text(client);
}

test('an answer of http leaves nothing corked', async (scope) => {
  assert.match(await corkedWithin(scope), /\r\n\r\nhello €$/);
});

test('a string after end or destroy, or of an unknown encoding, fails', async (scope) => {
  const { ours: socket } = await makePair(scope);
  assert.throws(() => socket.write('x', 'nonsense' as BufferEncoding), {
    code: 'ERR_UNKNOWN_ENCODING',
  });
  const failed: (string | undefined)[] = [];
  socket.on('error', (error: NodeJS.ErrnoException) => failed.push(error.code));
  socket.end();
  socket.write('x');
  await new Promise((resolve) => setImmediate(resolve));
  socket.destroy();
  assert.equal(socket.write('x'), false);
  assert.deepEqual(failed, ['ERR_STREAM_WRITE_AFTER_END']);
});
