/** Sockets as web streams: `{readable, writable}`, with the FIN of either side arriving. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Duplex, Readable } from 'node:stream';
import { type ReadableStream, TransformStream } from 'node:stream/web';
import { setTimeout as sleep } from 'node:timers/promises';
import { toWebStreams } from 'barewire/interop';
import ours from 'barewire/node';
import { makePair, readAll } from '../kit/pairs.js';
import { test } from '../kit/test.js';

async function all(stream: ReadableStream<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

test('Readable.toWeb: 4 MiB, a slow reader, then the FIN', async (scope) => {
  const { ours: socket, peer } = await makePair(scope);
  const body = Buffer.alloc(4 << 20, 'abc');
  peer.end(body);
  const reader = (Readable.toWeb(socket) as ReadableStream<Uint8Array>).getReader();
  let length = 0;
  for (let i = 0; ; i++) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
    if (i % 8 === 0) await sleep(1);
  }
  assert.equal(length, body.length);
  if (!socket.closed) await once(socket, 'close');
});

test('toWebStreams: both ways, and close() of the writable is a FIN', async (scope) => {
  const { ours: socket, peer } = await makePair(scope, { allowHalfOpen: true });
  const { readable, writable } = toWebStreams(socket);
  const writer = writable.getWriter();
  await writer.write(Buffer.from('question'));
  await writer.close();
  const heard = await readAll(peer);
  assert.equal(String(heard), 'question');
  assert.equal(peer.destroyed, false);
  peer.end('answer');
  assert.equal(String(await all(readable)), 'answer');
  if (!socket.closed) await once(socket, 'close');
});

test('Duplex.toWeb: the peer ends first, without allowHalfOpen', async (scope) => {
  const { ours: socket, peer } = await makePair(scope);
  const { readable } = Duplex.toWeb(socket);
  // From now on: our FIN may be here before 'close' is there.
  const ended = readAll(peer);
  peer.end('all of it');
  assert.equal(String(await all(readable as ReadableStream<Uint8Array>)), 'all of it');
  if (!socket.closed) await once(socket, 'close');
  assert.equal((await ended).length, 0);
});

test('pipeThrough a transform and back: an upper-case echo over web streams', async (scope) => {
  const { ours: socket, peer } = await makePair(scope, { allowHalfOpen: true });
  const { readable, writable } = toWebStreams(socket);
  const upper = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      controller.enqueue(Buffer.from(String(Buffer.from(chunk)).toUpperCase()));
    },
  });
  const piped = readable.pipeThrough(upper).pipeTo(writable);
  peer.end('make me tall');
  assert.equal(String(await readAll(peer)), 'MAKE ME TALL');
  await piped;
});

test("back-pressure: a writer that waits for ready keeps the peer's pace", async (scope) => {
  const { ours: socket, peer } = await makePair(scope);
  peer.pause();
  const writer = toWebStreams(socket).writable.getWriter();
  let written = 0;
  const writing = (async () => {
    for (let i = 0; i < 256; i++) {
      await writer.ready;
      written++;
      writer.write(Buffer.alloc(65_536)).catch(() => {});
    }
    await writer.close();
  })();
  await sleep(50);
  assert(written < 256, `${written} chunks left before the peer read one`);
  assert.equal((await readAll(peer.resume())).length, 256 * 65_536);
  await writing;
  peer.end();
});

test('a reset reaches the reader; cancel() closes the socket', async (scope) => {
  const { ours: socket, peer } = await makePair(scope);
  const { readable } = toWebStreams(socket);
  const reading = readable.getReader().read();
  peer.resetAndDestroy();
  await assert.rejects(reading, { code: 'ECONNRESET' });
  const second = await makePair(scope);
  const web = Readable.toWeb(second.ours);
  await web.cancel();
  if (!second.ours.closed) await once(second.ours, 'close');
  assert(second.ours instanceof ours.Socket);
});
