/** C081, C082, C084, C088: what a socket emits while bytes come and go. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { accepted, connected, fillUp } from './kit/pair.js';
import { pattern } from './kit/peer_calls.js';
import { row } from './kit/row.js';
import { event, logOf, turns, until } from './kit/wait.js';

const LARGE = 6_000_000;

function sha1(...chunks: Buffer[]): string {
  const hash = createHash('sha1');
  for (const chunk of chunks) hash.update(chunk);
  return hash.digest('hex');
}

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

row('C084 drain comes when the write buffer is empty', async (s) => {
  const { socket, far } = await connected(s, { pauseOnConnect: true });
  const lengths: number[] = [];
  socket.on('drain', () => lengths.push(socket.writableLength));
  fillUp(socket);
  socket.write(Buffer.alloc(LARGE));
  await turns();
  assert.deepEqual(lengths, []);
  await far.resume();
  await until(() => lengths.length > 0, 'drain');
  assert.deepEqual(lengths, [0]);
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
