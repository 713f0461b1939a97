/** `'data'`, `'end'`, encodings, `pause` and `resume`. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { PeerSocket } from '../../kit/peer.js';
import { pattern } from '../../kit/peer-calls.js';
import { accepted } from '../../kit/peer-pair.js';
import { row } from '../../kit/row.js';
import { sha1 } from '../../kit/sha1.js';
import { event, logOf, turns, until } from '../../kit/wait.js';

const LARGE = 6_000_000;

row('C081 data gives a Buffer, or a string once an encoding is set', async (s) => {
  const { socket, far } = await accepted(s);
  const first = event(socket, 'data');
  await far.write('\xff\x00');
  assert.deepEqual(await first, [Buffer.from([255, 0])]);
  socket.setEncoding('hex');
  const second = event(socket, 'data');
  await far.write('\xff\x00');
  assert.deepEqual(await second, ['ff00']);
});

row('C082 end comes on the peer’s FIN, after all data', async (s) => {
  const { socket, far } = await accepted(s, {}, { allowHalfOpen: true });
  const log = logOf(socket, 'end', 'close');
  let bytes = 0;
  socket.on('data', (chunk: Buffer) => {
    assert.deepEqual(log, []);
    bytes += chunk.length;
  });
  await far.fill(LARGE);
  await until(() => bytes === LARGE, 'all data');
  assert.deepEqual(log, [], 'no end without FIN');
  const ended = event(socket, 'end');
  await far.end('last');
  await ended;
  assert.equal(bytes, LARGE + 4);
  assert.deepEqual(log, ['end']);
});

row('C088 bytes that flow while nobody listens are lost, without an error', async (s) => {
  const { socket, far } = await accepted(s);
  const log = logOf(socket, 'error', 'end', 'close');
  socket.resume();
  await far.write('lost');
  await until(() => socket.bytesRead === 4, 'the bytes');
  await turns();
  const data = event(socket, 'data');
  await far.write('heard');
  assert.equal(String((await data)[0]), 'heard');
  assert.deepEqual(log, []);
});

row('C088 a socket that nobody reads does not flow and loses nothing', async (s) => {
  const { socket, far } = await accepted(s);
  await far.fill(LARGE);
  await far.end();
  await turns(50);
  assert.equal(socket.readableFlowing, null);
  const chunks: Buffer[] = [];
  const ended = event(socket, 'end');
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  await ended;
  assert.equal(sha1(...chunks), sha1(pattern(LARGE)));
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
