/**
 * `pipe` between two of our sockets, where bytes go by splice(2): events, counters and order are
 * those of a `pipe` of Node's.
 */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { pipeline as pipelineWithCallback, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Socket } from 'barewire';
import { FAMILIES } from '../../kit/echo.js';
import { closing, readAll } from '../../kit/pairs.js';
import { makeRelay, passed, type Relayed, splices } from '../../kit/relays.js';
import { test } from '../../kit/test.js';

const MIB = 1024 * 1024;

function sha256(...parts: Uint8Array[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}

/** Sends `bytes` and FIN through an undisturbed relay; returns what came out. */
async function through({ near, far }: Relayed, bytes: Buffer): Promise<Buffer> {
  const all = readAll(far);
  near.end(bytes);
  return all;
}

for (const family of FAMILIES) {
  test(`${family}: 24 MiB go by splice, and are all there, counted at both ends`, async (scope) => {
    const relay = await makeRelay(scope, {}, family);
    const bytes = randomBytes(24 * MIB);
    const before = splices();
    relay.source.pipe(relay.destination);
    const ended = once(relay.source, 'end');
    assert.equal(sha256(await through(relay, bytes)), sha256(bytes));
    await ended;
    assert.ok(splices() - before > 20, `${splices() - before} splices`);
    assert.equal(relay.source.bytesRead, bytes.length);
    assert.equal(relay.destination.bytesWritten, bytes.length);
    if (!relay.destination.writableFinished) await once(relay.destination, 'finish');
  });

  test(`${family}: a reader that stalls again and again gets every byte once`, async (scope) => {
    const relay = await makeRelay(scope, {}, family);
    const bytes = randomBytes(24 * MIB);
    const before = splices();
    relay.source.pipe(relay.destination);
    const hash = createHash('sha256');
    relay.far.on('data', (chunk: Buffer) => {
      hash.update(chunk);
      if (chunk[0] === undefined || chunk[0] > 12) return;
      relay.far.pause();
      setTimeout(() => relay.far.resume(), chunk[0]);
    });
    relay.near.end(bytes);
    await once(relay.far, 'end');
    assert.equal(hash.digest('hex'), sha256(bytes));
    assert.ok(splices() > before, 'some of it was spliced');
  });
}

test('small messages go both ways, past the streams', async (scope) => {
  const { near, source, destination, far } = await makeRelay(scope);
  source.pipe(destination).pipe(source);
  far.on('data', (chunk: Buffer) => far.write(chunk.toString().toUpperCase()));
  const emitted: string[] = [];
  for (const text of ['one', 'two', 'three']) {
    near.write(text);
    const [answer] = (await once(near, 'data')) as [Buffer];
    emitted.push(answer.toString());
  }
  assert.deepEqual(emitted, ['ONE', 'TWO', 'THREE']);
  assert.equal(source.bytesRead, 11);
  assert.equal(source.bytesWritten, 11);
  assert.equal(source.readableDidRead, true);
});

test("a 'data' listener that comes late sees every byte from there on", async (scope) => {
  const { near, source, destination, far } = await makeRelay(scope);
  const bytes = randomBytes(16 * MIB);
  source.pipe(destination);
  const all = readAll(far);
  near.end(bytes);
  await passed(source, 2 * MIB);
  const from = source.bytesRead;
  const seen: Buffer[] = [];
  source.on('data', (chunk: Buffer) => seen.push(chunk));
  assert.equal(sha256(await all), sha256(bytes));
  assert.ok(from < bytes.length);
  assert.equal(sha256(...seen), sha256(bytes.subarray(from)));
});

test('a second destination gets what the first gets from there on', async (scope) => {
  const one = await makeRelay(scope);
  const two = await makeRelay(scope);
  const bytes = randomBytes(16 * MIB);
  one.source.pipe(one.destination);
  const all = readAll(one.far);
  const second = readAll(two.far);
  one.near.end(bytes);
  await passed(one.source, 2 * MIB);
  const from = one.source.bytesRead;
  one.source.pipe(two.destination);
  assert.equal(sha256(await all), sha256(bytes));
  assert.equal(sha256(await second), sha256(bytes.subarray(from)));
});

test('unpipe hands the rest to whoever reads next', async (scope) => {
  const { near, source, destination, far } = await makeRelay(scope);
  const bytes = randomBytes(16 * MIB);
  const events: string[] = [];
  destination.on('pipe', (from) => events.push(`pipe ${from === source}`));
  destination.on('unpipe', (from) => events.push(`unpipe ${from === source}`));
  source.pipe(destination);
  const front = readAll(far);
  near.end(bytes);
  await passed(source, 3 * MIB);
  source.unpipe(destination);
  const rest: Buffer[] = [];
  const written = destination.bytesWritten;
  for await (const chunk of source) rest.push(chunk as Buffer);
  destination.end();
  const first = await front;
  assert.equal(first.length, written, 'what was counted as written is what arrives');
  assert.equal(sha256(first, ...rest), sha256(bytes));
  assert.deepEqual(events, ['pipe true', 'unpipe true']);
});

test('setEncoding in the middle: text from there on, the same bytes at the end', async (scope) => {
  const { near, source, destination, far } = await makeRelay(scope);
  const text = Buffer.from('grüße aus dem rohr '.repeat(400_000));
  source.pipe(destination);
  const all = readAll(far);
  near.end(text);
  await passed(source, MIB);
  source.setEncoding('latin1');
  source.once('data', (chunk) => assert.equal(typeof chunk, 'string'));
  destination.setDefaultEncoding('latin1');
  assert.equal(sha256(await all), sha256(text));
});

test("the user's own writes to the destination keep their place", async (scope) => {
  const { near, source, destination, far } = await makeRelay(scope);
  const mark = Buffer.from('<the mark>');
  const bytes = Buffer.alloc(12 * MIB, 'x');
  source.pipe(destination, { end: false });
  const all = readAll(far);
  near.end(bytes);
  for (let i = 1; i <= 5; i++) {
    await passed(source, i * MIB);
    destination.cork();
    destination.write(mark);
    await sleep(1);
    destination.uncork();
  }
  await once(source, 'end');
  destination.end(mark);
  const got = await all;
  assert.equal(got.length, bytes.length + 6 * mark.length);
  assert.equal(got.toString('latin1').split('<the mark>').length, 7);
  assert.equal(got.toString('latin1').replaceAll('<the mark>', '').length, bytes.length);
  assert.equal(destination.bytesWritten, got.length);
});

test('pause() and resume() by the user hold and release the bytes', async (scope) => {
  const { near, source, destination, far } = await makeRelay(scope);
  const bytes = randomBytes(16 * MIB);
  source.pipe(destination);
  const all = readAll(far);
  near.end(bytes);
  await passed(source, MIB);
  source.pause();
  await sleep(30);
  const held = destination.bytesWritten;
  await sleep(60);
  assert.equal(destination.bytesWritten, held, 'nothing goes on while paused');
  assert.ok(source.bytesRead - held <= 512 * 1024, 'and little is read');
  source.resume();
  assert.equal(sha256(await all), sha256(bytes));
});

test("'drain' and 'pause' listeners hear what they always heard", async (scope) => {
  const { near, source, destination, far } = await makeRelay(scope, { highWaterMark: 1024 });
  let drains = 0;
  let pauses = 0;
  destination.on('drain', () => drains++);
  source.on('pause', () => pauses++);
  source.pipe(destination);
  const bytes = randomBytes(64 * MIB);
  const before = splices();
  // The kernel takes all that is written to a reader who does not stall.
  const timer = setInterval(() => {
    far.pause();
    setTimeout(() => far.resume(), 15);
  }, 20);
  const all = await through({ near, source, destination, far }, bytes);
  clearInterval(timer);
  assert.equal(sha256(all), sha256(bytes));
  assert.equal(splices(), before, 'observed, so not spliced');
  assert.ok(drains > 1 && pauses > 1, `${drains} drains, ${pauses} pauses`);
});

test('who replaces write, emit or _write sees what goes through it', async (scope) => {
  const changes: ((relay: Relayed, see: (count: number) => void) => void)[] = [
    ({ destination }, see) => {
      const { write } = destination;
      destination.write = function seeing(this: Socket, chunk: Buffer, ...rest: unknown[]) {
        see(chunk.length);
        return Reflect.apply(write, this, [chunk, ...rest]) as boolean;
      } as Socket['write'];
    },
    ({ destination }, see) => {
      const { _write } = destination;
      Object.assign(destination, {
        _writev: null,
        _write(this: Socket, chunk: Buffer, ...rest: unknown[]) {
          see(chunk.length);
          return Reflect.apply(_write, this, [chunk, ...rest]);
        },
      });
    },
    ({ source }, see) => {
      const { emit } = source;
      source.emit = function seeing(this: Socket, event: string, ...rest: unknown[]) {
        if (event === 'data') see((rest[0] as Buffer).length);
        return Reflect.apply(emit, this, [event, ...rest]) as boolean;
      } as Socket['emit'];
    },
  ];
  for (const change of changes) {
    const relay = await makeRelay(scope);
    const bytes = randomBytes(3 * MIB);
    let seen = 0;
    change(relay, (count) => {
      seen += count;
    });
    relay.source.pipe(relay.destination);
    assert.equal(sha256(await through(relay, bytes)), sha256(bytes));
    assert.equal(seen, bytes.length, String(change));
  }
});

test('pipeline, with promises and with a callback, ends as it does', async (scope) => {
  const one = await makeRelay(scope);
  const bytes = randomBytes(8 * MIB);
  const done = pipeline(one.source, one.destination);
  assert.equal(sha256(await through(one, bytes)), sha256(bytes));
  one.far.end();
  await done;
  const two = await makeRelay(scope);
  const failed = new Promise<Error | null | undefined>((resolve) => {
    pipelineWithCallback(two.source, two.destination, resolve);
  });
  two.far.resume();
  two.near.write(bytes);
  await passed(two.source, MIB);
  two.near.resetAndDestroy();
  assert.equal(((await failed) as NodeJS.ErrnoException).code, 'ECONNRESET');
  assert.equal(two.destination.destroyed, true);
  const three = await makeRelay(scope);
  const middle = new Transform({ transform: (chunk, _encoding, next) => next(null, chunk) });
  const long = pipeline(three.source, middle, three.destination);
  assert.equal(sha256(await through(three, bytes)), sha256(bytes));
  three.far.end();
  await long;
});

test('the far end resets: the destination has one error, the source goes on', async (scope) => {
  const { near, source, destination, far } = await makeRelay(scope);
  const errors: string[] = [];
  destination.on('error', (error: NodeJS.ErrnoException) => errors.push(String(error.code)));
  const closed = closing(destination);
  source.pipe(destination);
  far.resume();
  near.write(randomBytes(16 * MIB));
  await passed(source, MIB);
  far.resetAndDestroy();
  await closed;
  assert.equal(errors.length, 1);
  assert.match(errors[0] as string, /^(ECONNRESET|EPIPE)$/);
  assert.equal(source.destroyed, false);
  near.end();
  const rest = readAll(source);
  // An unpiped source is paused until it is told otherwise.
  source.resume();
  assert.ok((await rest).length > 0, 'what was not sent yet can be read');
});

test('destroy of either end at any time leaves nothing open', async (scope) => {
  for (let i = 0; i < 12; i++) {
    const relay = await makeRelay(scope);
    const { near, source, destination, far } = relay;
    source.pipe(destination).pipe(source);
    far.resume();
    near.resume();
    near.write(randomBytes(4 * MIB));
    await passed(source, 1 + i * 100_000);
    const ends = [closing(source), closing(destination)];
    (i % 2 === 0 ? source : destination).destroy();
    (i % 2 === 0 ? destination : source).destroySoon();
    await Promise.all(ends);
  }
});

test('half-close: one direction ends, the other goes on', async (scope) => {
  const { near, source, destination, far } = await makeRelay(scope);
  source.pipe(destination).pipe(source);
  const asked = readAll(far);
  near.end('question');
  assert.equal((await asked).toString(), 'question');
  assert.equal(destination.writableFinished, true);
  const bytes = randomBytes(4 * MIB);
  const answer = readAll(near);
  far.end(bytes);
  assert.equal(sha256(await answer), sha256(bytes));
});

test('bytes that go by keep both sockets from timing out', async (scope) => {
  const { near, source, destination, far } = await makeRelay(scope);
  const timeouts: string[] = [];
  source.setTimeout(150, () => timeouts.push('source'));
  destination.setTimeout(150, () => timeouts.push('destination'));
  source.pipe(destination);
  far.resume();
  for (let i = 0; i < 20; i++) {
    near.write('tick');
    await sleep(20);
  }
  assert.deepEqual(timeouts, []);
  await Promise.all([once(source, 'timeout'), once(destination, 'timeout')]);
  assert.deepEqual(timeouts.sort(), ['destination', 'source']);
});

test('an echo by pipe to itself', async (scope) => {
  const { near, source } = await makeRelay(scope);
  const bytes = randomBytes(12 * MIB);
  source.pipe(source);
  const back = readAll(near);
  near.end(bytes);
  assert.equal(sha256(await back), sha256(bytes));
  assert.equal(source.bytesWritten, bytes.length);
});
