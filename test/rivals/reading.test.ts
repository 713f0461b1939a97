/** Reading: what Bun and Deno got wrong once. B# is oven-sh/bun, D# is denoland/deno. */
import assert from 'node:assert/strict';
import { errorOf, loose, pairOf, textOf } from '../conformance/kit.js';
import { script } from '../contract/kit/program.js';
import { row, type Scope, type Socket } from '../contract/kit/row.js';
import { event, logOf, turns, until } from '../contract/kit/wait.js';

// B#33256, B#43381
row('destroy emits no end, and the socket does not say that it was read to its end', async (s) => {
  for (const how of ['destroy', 'resetAndDestroy', 'destroy with an error'] as const) {
    const { client, accepted } = await pairOf(s);
    accepted.on('error', () => {});
    const log = logOf(
      client.on('error', () => {}),
      'end',
      'close',
    );
    client.resume();
    if (how === 'resetAndDestroy') client.resetAndDestroy();
    else client.destroy(how === 'destroy' ? undefined : new Error('planted'));
    await event(client, 'close');
    await turns();
    assert.deepEqual(log, ['close'], how);
    assert.equal(client.readableEnded, false, how);
  }
});

// B#35108
row('pause inside the connection handler holds until resume, and loses nothing', async (s) => {
  const bytes = 8_000_000;
  const { client, accepted } = await pairOf(s, (socket) => void socket.pause());
  const log = logOf(client, 'drain');
  client.write(Buffer.alloc(bytes));
  await turns(50);
  assert.deepEqual([log, accepted.readableFlowing], [[], false]);
  let got = 0;
  accepted.on('data', (chunk: Buffer) => {
    got += chunk.length;
  });
  accepted.resume();
  await until(
    () => got === bytes,
    () => `${got} of ${bytes}`,
  );
});

// B#34285
row('bytes that come before somebody reads are kept, on either side', async (s) => {
  const { client, accepted } = await pairOf(s);
  assert.deepEqual([client.readableFlowing, accepted.readableFlowing], [null, null]);
  client.write('to the server');
  accepted.write('to the client');
  await turns(20);
  const chunks = await Promise.all([client, accepted].map((one) => event<[Buffer]>(one, 'data')));
  assert.deepEqual(chunks.map(String), ['to the client', 'to the server']);
});

// B#34285: a proxy that listens for 'data' only once its own connection stands
row('a proxy that begins to read late passes everything on', async (s) => {
  const bytes = 4_000_000;
  let got = 0;
  const target = await s.port(
    s.server((socket) => {
      socket.on('data', (chunk: Buffer) => {
        got += chunk.length;
        if (got === bytes) socket.end('all');
      });
    }),
  );
  const proxy = s.server((near) => {
    const far = s.connect(target, '127.0.0.1', () => {
      near.pipe(far);
      far.pipe(near);
    });
  });
  const client = s.connect(await s.port(proxy), '127.0.0.1');
  client.write(Buffer.alloc(bytes));
  assert.equal(await textOf(client), 'all');
});

// D#20188
row('many sockets at once each get their own bytes', async (s) => {
  const port = await s.port(s.server((socket) => void socket.pipe(socket)));
  const texts = Array.from({ length: 20 }, (_, i) => `${i}:`.repeat(2000));
  const echoed = texts.map((text) => {
    const socket = s.connect(port, '127.0.0.1');
    socket.end(text);
    return textOf(socket);
  });
  assert.deepEqual(await Promise.all(echoed), texts);
});

// B node-net.test.ts "paused socket whose peer sends RST"
row('a reset is never told as anything but ECONNRESET', async (s) => {
  const { client, accepted } = await pairOf(s);
  const codes: unknown[] = [];
  client.on('error', (error: NodeJS.ErrnoException) => codes.push(error.code));
  client.pause();
  accepted.resetAndDestroy();
  await event(client, 'close');
  assert.deepEqual(codes, ['ECONNRESET']);
});

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
