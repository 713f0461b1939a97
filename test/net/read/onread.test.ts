/** `onread`: bytes that go into the user's own buffer. B# is oven-sh/bun, D# is denoland/deno. */
import assert from 'node:assert/strict';
import { runInNewContext } from 'node:vm';
import { loose } from '../../kit/bad-arguments.js';
import { pairOf } from '../../kit/our-pair.js';
import { errorOf } from '../../kit/outcomes.js';
import { peer } from '../../kit/peer.js';
import { row, type Scope, type Socket } from '../../kit/row.js';
import { script } from '../../kit/scripts.js';
import { event, logOf, turns, until } from '../../kit/wait.js';

interface OnReadCase {
  readonly client: Socket;
  readonly accepted: Socket;
  readonly got: string[];
}

/** A client that reads by `onread`; `answer` says what the n-th call of the callback returns. */
async function onreadPair(
  s: Scope,
  buffer: unknown,
  answer: (call: number) => boolean,
): Promise<OnReadCase> {
  const got: string[] = [];
  const callback = (bytes: number, into: Buffer): boolean => {
    got.push(into === loose(true) ? `${bytes}` : into.toString('latin1', 0, bytes));
    return answer(got.length);
  };
  const { client, accepted } = await pairOf(s, {}, { onread: { buffer, callback } });
  return { client, accepted, got };
}

// B#42444, node-net.test.ts
row('an onread callback that says false is not called before resume, end or no end', async (s) => {
  const { client, accepted, got } = await onreadPair(s, Buffer.alloc(4), () => false);
  accepted.end('abcdefghijkl');
  for (const expected of [['abcd'], ['abcd', 'efgh'], ['abcd', 'efgh', 'ijkl']]) {
    await until(() => got.length >= expected.length, 'the next part');
    await turns(10);
    assert.deepEqual(got, expected);
    assert.equal(client.destroyed, false);
    client.resume();
  }
  await event(client, 'close');
});

// B#42444
row('resume and then pause in one turn leaves an onread socket paused', async (s) => {
  const { client, accepted, got } = await onreadPair(s, Buffer.alloc(64), (call) => call > 1);
  accepted.write('first');
  await until(() => got.length === 1, 'the first part');
  client.resume();
  client.pause();
  accepted.write('second');
  await turns(10);
  assert.deepEqual(got, ['first']);
  client.resume();
  await until(() => got.length === 2, 'the second part');
  assert.deepEqual(got, ['first', 'second']);
});

// B#42444
row('read(0) makes an onread socket go on as resume does', async (s) => {
  const { client, accepted, got } = await onreadPair(s, Buffer.alloc(4), (call) => call > 1);
  accepted.write('abcdefgh');
  await until(() => got.length === 1, 'the first part');
  client.pause();
  client.read(0);
  await until(() => got.length === 2, 'the second part');
  assert.deepEqual(got, ['abcd', 'efgh']);
});

// B node-net.test.ts "onread with a zero-length buffer"
row('an onread buffer of no length is ENOBUFS', async (s) => {
  for (const buffer of [Buffer.alloc(0), () => Buffer.alloc(0)]) {
    const { client, accepted, got } = await onreadPair(s, buffer, () => true);
    const failed = errorOf(client);
    accepted.on('error', () => {}).end('x');
    const error = await failed;
    assert.deepEqual([error.code, error.syscall], ['ENOBUFS', 'read']);
    assert.deepEqual(got, []);
    assert.equal(client.destroyed, true);
  }
});

// B node-net.test.ts "onread buffer factory"
row('where the maker of onread buffers gives none the last one is used again', async (s) => {
  const first = Buffer.alloc(16);
  let asked = 0;
  const maker = (): unknown => (asked++ === 0 ? first : null);
  const { accepted, got } = await onreadPair(s, maker, () => true);
  accepted.write('aaaa');
  await until(() => got.length === 1, 'the first part');
  accepted.write('bbbb');
  await until(() => got.length === 2, 'the second part');
  assert.deepEqual(got, ['aaaa', 'bbbb']);
  assert.equal(first.toString('latin1', 0, 4), 'bbbb');
});

// B node-net.test.ts "a swallowed throw does not drop the rest"
row('an onread callback that throws is an uncaught exception, and loses no bytes', async (s) => {
  const text = `
    process.on('uncaughtException', (error) => console.log('uncaught', error.message));
    const got = [];
    const callback = (bytes, buffer) => {
      got.push(buffer.toString('latin1', 0, bytes));
      if (got.length === 1) throw new Error('planted');
      if (got.length === 3) console.log(got.join());
      return true;
    };
    const server = net.createServer((socket) => socket.end('abcdefghijkl'));
    server.listen(0, '127.0.0.1', () => {
      const onread = { buffer: Buffer.alloc(4), callback };
      const client = net.connect({ port: server.address().port, host: '127.0.0.1', onread });
      client.on('error', (error) => console.log('error', error.message));
      client.on('close', () => server.close());
    });
  `;
  const program = script(s, s.profile, text);
  assert.equal(await program.exit(), 0, program.output);
  assert.equal(program.output, 'uncaught planted\nabcd,efgh,ijkl\n');
});

row('onread puts the bytes in the buffer given, and emits no data', async (s) => {
  const there = await peer.listen({ host: '127.0.0.1' });
  const buffer = Buffer.alloc(4);
  let text = '';
  const socket = s.connect({
    port: there.port,
    host: '127.0.0.1',
    onread: {
      buffer,
      callback(count: number, into: Uint8Array) {
        assert.equal(into, buffer);
        assert.ok(count <= 4);
        text += Buffer.from(into.subarray(0, count)).toString('latin1');
        return true;
      },
    },
  });
  const log = logOf(socket, 'data', 'end');
  const other = await there.accept();
  await other.write('hello, reader');
  await until(
    () => text === 'hello, reader',
    () => text,
  );
  // It may come before the other process has said that it ended.
  const closed = event(socket, 'close');
  await other.end();
  await closed;
  assert.deepEqual(log, ['end']);
});

row('onread takes a buffer of another realm', async (s) => {
  const there = await peer.listen({ host: '127.0.0.1' });
  const foreign: () => Uint8Array = () => runInNewContext('new Uint8Array(64)');
  for (const buffer of [foreign(), foreign]) {
    const texts: string[] = [];
    const callback = (count: number, into: Uint8Array): boolean => {
      texts.push(Buffer.from(into.subarray(0, count)).toString());
      return true;
    };
    const socket = s.connect({ port: there.port, host: '127.0.0.1', onread: { buffer, callback } });
    const log = logOf(socket, 'data');
    const far = await there.accept();
    for (const text of ['one', 'two']) {
      await far.write(text);
      await until(() => texts.at(-1) === text, `${text} in the buffer`);
    }
    assert.deepEqual(log, []);
  }
});

row('onread: a function gives each next buffer, and false stops until resume', async (s) => {
  const there = await peer.listen({ host: '127.0.0.1' });
  const given: Uint8Array[] = [];
  const got: string[] = [];
  const socket = s.connect({
    port: there.port,
    host: '127.0.0.1',
    onread: {
      buffer: () => {
        const next = new Uint8Array(3);
        given.push(next);
        return next;
      },
      callback: (count: number, into: Uint8Array) => {
        assert.ok(given.includes(into));
        got.push(Buffer.from(into.subarray(0, count)).toString());
        return false;
      },
    },
  });
  const other = await there.accept();
  await other.write('abcdef');
  await until(() => got.length === 1, 'the first three');
  await turns(20);
  assert.deepEqual(got, ['abc']);
  socket.resume();
  await until(() => got.length === 2, 'the rest');
  assert.deepEqual(got, ['abc', 'def']);
});

async function onreadSocket(s: Scope, callback: (this: Socket, bytes: number) => boolean) {
  const there = await peer.listen({ host: '127.0.0.1' });
  const onread = { buffer: Buffer.alloc(4096), callback };
  const socket = s.connect({ port: there.port, host: '127.0.0.1', onread });
  const far = await there.accept();
  return { socket, far };
}

// oven-sh/bun#42444
row('onread goes on after false, pause, resume and read', async (s) => {
  const total = 300_000;
  let bytes = 0;
  let calls = 0;
  const { socket, far } = await onreadSocket(s, (count) => {
    bytes += count;
    const turn = ++calls % 4;
    if (turn === 1) setImmediate(() => socket.resume());
    if (turn === 2) setImmediate(() => socket.pause().resume());
    if (turn === 3) setImmediate(() => socket.read());
    return turn === 0;
  });
  const ended = event(socket, 'end');
  await far.fill(total);
  await far.end();
  await until(
    () => bytes === total,
    () => `${bytes} of ${total}`,
  );
  await ended;
});

// One of Node's own tests, in our words.
row('the onread callback is called with the socket as this', async (s) => {
  const seen: unknown[] = [];
  const onread = {
    buffer: Buffer.alloc(8),
    callback(this: unknown): boolean {
      seen.push(this);
      return true;
    },
  };
  const { client, accepted } = await pairOf(s, {}, { onread });
  accepted.end('x');
  await event(client, 'close');
  assert.deepEqual(
    seen.map((one) => one === client),
    [true],
  );
});
