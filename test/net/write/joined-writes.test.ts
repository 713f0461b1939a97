/**
 * Writes that join the one under way look to the program as Node's own Writable has them: the same
 * steps on a plain Writable give the same.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Writable } from 'node:stream';
import { connect, type Socket } from 'barewire';
import { systemHost } from '#internal/transport/host';
import { makePair, startServer } from '../../kit/pairs.js';
import { test } from '../../kit/test.js';

type Step = (stream: Writable, log: unknown[]) => void;

const write =
  (chunk: Buffer | string, ...more: unknown[]): Step =>
  (stream, log) => {
    const given = Reflect.apply(stream.write, stream, [chunk, ...more]) as boolean;
    log.push(given, stream.writableLength, stream.writableNeedDrain);
  };

const writeWithCallback =
  (chunk: Buffer | string, name: string): Step =>
  (stream, log) => {
    log.push(
      stream.write(chunk, () => log.push(`${name} is done`)),
      stream.writableLength,
    );
  };

const kib = (count: number): Buffer => Buffer.alloc(count * 1024, 'k');

const PROGRAMS: Record<string, readonly Step[]> = {
  'small ones': [write('one'), write('two'), write(Buffer.from('three')), write('four')],
  'callbacks in between': [
    writeWithCallback('a', 'first'),
    write('b'),
    writeWithCallback('c', 'second'),
    write('d'),
    writeWithCallback('e', 'third'),
  ],
  encodings: [
    write('x'),
    write('é'),
    write('é', 'latin1'),
    write('6869', 'hex'),
    write('é', 'utf8'),
    write('aGk=', 'base64'),
    write(new Uint8Array([65, 66]) as Buffer),
    write(''),
    write('end'),
  ],
  'a default encoding': [
    write('x'),
    (stream) => stream.setDefaultEncoding('hex'),
    write('6869'),
    write('6a6b'),
  ],
  'cork in between': [
    write('a'),
    write('b'),
    (stream) => stream.cork(),
    write('c'),
    write('d'),
    (stream) => stream.uncork(),
    write('e'),
  ],
  'end behind them': [write('a'), write('b'), (stream) => stream.end('c')],
};

/** Runs `steps`, and returns what was seen of them once everything is written. */
async function history(stream: Writable, steps: readonly Step[]): Promise<unknown[]> {
  const log: unknown[] = [];
  stream.on('drain', () => log.push('drain')).on('finish', () => log.push('finish'));
  for (const step of steps) step(stream, log);
  while (stream.writableLength > 0) await new Promise(setImmediate);
  if (stream.writableEnded && !stream.writableFinished) await once(stream, 'finish');
  await new Promise(setImmediate);
  return log;
}

test('joined writes that reach the mark are sent, and write says so', async (scope) => {
  const { ours, peer } = await makePair(scope, { highWaterMark: 16 * 1024 });
  const much = 'é'.repeat(9e3);
  const steps = [write(kib(5)), write(kib(5)), write(kib(6)), write(kib(1)), write(much)];
  const sent = [true, 5120, false, true, 10240, false, true, 0, false, true, 1024, false];
  assert.deepEqual(await history(ours, steps), [...sent, true, 0, false]);
  let received = 0;
  peer.on('data', (chunk: Buffer) => {
    received += chunk.length;
  });
  while (received < 17 * 1024 + 18e3) await once(peer, 'data');
});

for (const [name, steps] of Object.entries(PROGRAMS)) {
  test(`joined writes are those of a plain Writable: ${name}`, async (scope) => {
    const pair = await makePair(scope, { highWaterMark: 16 * 1024 });
    const received: Buffer[] = [];
    pair.peer.on('data', (chunk: Buffer) => received.push(chunk));
    const wanted: Buffer[] = [];
    const plain = new Writable({
      highWaterMark: 16 * 1024,
      write(chunk: Buffer, _encoding, callback) {
        wanted.push(chunk);
        setImmediate(callback);
      },
    });
    assert.deepEqual(await history(pair.ours, steps), await history(plain, steps));
    const all = Buffer.concat(wanted);
    assert.ok(all.length > 0);
    while (Buffer.concat(received).length < all.length) await once(pair.peer, 'data');
    assert.ok(Buffer.concat(received).equals(all));
    assert.equal(pair.ours.bytesWritten, all.length);
  });
}

test('what is written behind cork() joins nothing, and waits for uncork()', async (scope) => {
  const { ours, peer } = await makePair(scope);
  const received: Buffer[] = [];
  peer.on('data', (chunk: Buffer) => received.push(chunk));
  ours.write('a');
  ours.cork();
  ours.write('b');
  while (received.length === 0) await once(peer, 'data');
  assert.equal(ours.writableLength, 1);
  assert.equal(ours.bytesWritten, 2);
  assert.equal(String(Buffer.concat(received)), 'a');
  ours.uncork();
  await once(peer, 'data');
  assert.equal(String(Buffer.concat(received)), 'ab');
});

test('a socket whose _write is not ours hands every chunk to that', async (scope) => {
  const pair = await makePair(scope);
  const seen: string[] = [];
  const { ours } = pair;
  const inner = ours._write.bind(ours);
  ours._write = (chunk, encoding, callback) => {
    seen.push(String(chunk));
    inner(chunk, encoding, callback);
  };
  Object.defineProperty(ours, '_writev', { value: null });
  for (const chunk of ['a', 'b', 'c']) ours.write(chunk);
  while (ours.writableLength > 0) await new Promise(setImmediate);
  assert.deepEqual(seen, ['a', 'b', 'c']);
});

test('a write to a peer that is gone fails, and joins nothing', async (scope) => {
  const pair = await makePair(scope);
  const { ours, peer } = pair;
  peer.resetAndDestroy();
  await once(ours, 'close').catch(() => {});
  assert.equal(ours.destroyed, true);
  const codes: unknown[] = [];
  ours.on('error', () => {});
  ours.write('late', (error) => codes.push((error as NodeJS.ErrnoException | null)?.code));
  assert.equal(ours.write('later'), false);
  await new Promise(setImmediate);
  assert.deepEqual(codes, ['ERR_STREAM_DESTROYED']);
});

/** `tcpi_segs_in` in linux/tcp.h. */
const SEGS_IN_AT = 140;

function segmentsIn(socket: Socket): number {
  const { kernel } = systemHost();
  const { IPPROTO_TCP, TCP_INFO } = kernel.constants;
  const info = Buffer.alloc(256);
  const length = kernel.getsockopt(socket._handle?.fd ?? -1, IPPROTO_TCP, TCP_INFO, info);
  assert.ok(length >= SEGS_IN_AT + 4, 'the kernel tells how many segments came in');
  return info.readUInt32LE(SEGS_IN_AT);
}

test('end(data) sends the data and the FIN in one segment', async (scope) => {
  const counts: number[] = [];
  for (const parting of ['in one', 'one by one']) {
    const target = await startServer(scope, { allowHalfOpen: true }, (socket) => {
      socket.on('error', () => {});
      if (parting === 'in one') socket.end('bye');
      else socket.write('bye');
      socket.on('data', () => socket.end());
    });
    const client = connect({ ...target, allowHalfOpen: true });
    scope.defer(() => client.destroy());
    const [data] = (await once(client, 'data')) as [Buffer];
    assert.equal(String(data), 'bye');
    if (parting === 'one by one') client.write('?');
    await once(client, 'end');
    counts.push(segmentsIn(client));
  }
  const [inOne = 0, oneByOne = 0] = counts;
  assert.equal(inOne, 2, 'what answers the SYN, and one with the data and the FIN');
  assert.ok(oneByOne > 2, 'a count that can rise');
});
