/** `createServer`'s options, on what it accepts. B# is oven-sh/bun, D# is denoland/deno. */
import assert from 'node:assert/strict';
import { loose } from '../../kit/bad-arguments.js';
import { type Options, optionsOf, ss } from '../../kit/kernel.js';
import { pairOf } from '../../kit/our-pair.js';
import { peer } from '../../kit/peer.js';
import { accepted, type Pair } from '../../kit/peer-pair.js';
import { row } from '../../kit/row.js';
import { event, logOf, turns, until } from '../../kit/wait.js';

/** What the kernel has for this connection's end of ours. */
async function kernelOptions({ far }: Pair): Promise<Options> {
  const { localPort = 0, remotePort = 0 } = await far.state();
  return optionsOf(remotePort, localPort);
}

row('noDelay is on every accepted connection, and no other', async (s) => {
  assert.equal((await kernelOptions(await accepted(s, {}, { noDelay: true }))).noDelay, 1);
  assert.equal((await kernelOptions(await accepted(s, {}, { noDelay: false }))).noDelay, 0);
  assert.equal((await kernelOptions(await accepted(s))).noDelay, 0);
});

row('noDelay of the server can be turned off on one connection', async (s) => {
  const pair = await accepted(s, {}, { noDelay: true });
  pair.socket.setNoDelay(false);
  assert.equal((await kernelOptions(pair)).noDelay, 0);
});

row('keepAlive and keepAliveInitialDelay are on every accepted connection', async (s) => {
  const usual = await kernelOptions(await accepted(s));
  assert.equal(usual.keepAlive, 0);
  const on = await kernelOptions(await accepted(s, {}, { keepAlive: true }));
  assert.deepEqual([on.keepAlive, on.keepIdle], [1, usual.keepIdle]);
  const both = { keepAlive: true, keepAliveInitialDelay: 77_000 };
  const pair = await accepted(s, {}, both);
  const delayed = await kernelOptions(pair);
  assert.deepEqual([delayed.keepAlive, delayed.keepIdle], [1, 77]);
  pair.socket.setKeepAlive(false);
  assert.equal((await kernelOptions(pair)).keepAlive, 0);
  const delayAlone = await accepted(s, {}, { keepAliveInitialDelay: 77_000 });
  assert.deepEqual(await kernelOptions(delayAlone), usual);
});

row('pauseOnConnect reads nothing before resume', async (s) => {
  const { socket, far } = await accepted(s, {}, { pauseOnConnect: true });
  assert.equal(socket.isPaused(), true);
  let text = '';
  socket.on('data', (data) => {
    text += data;
  });
  await far.write('waiting');
  const { localPort, remotePort } = await far.state();
  const filter = `sport = :${remotePort} and dport = :${localPort}`;
  await until(() => ss('-t', filter)[0]?.[1] === '7', 'the bytes to wait in the kernel');
  await turns(20);
  assert.equal(ss('-t', filter)[0]?.[1], '7', 'Recv-Q');
  assert.equal(text, '');
  socket.resume();
  await until(() => text === 'waiting', 'what was sent');
});

row('without pauseOnConnect a data listener is enough', async (s) => {
  const { socket, far } = await accepted(s);
  assert.equal(socket.isPaused(), false);
  const data = event(socket, 'data');
  await far.write('x');
  assert.equal(String((await data)[0]), 'x');
});

row('highWaterMark is when write says false, and how much is read ahead', async (s) => {
  const highWaterMark = 1000;
  const { socket, far } = await accepted(s, { paused: true }, { highWaterMark });
  assert.equal(socket.readableHighWaterMark, highWaterMark);
  assert.equal(socket.writableHighWaterMark, highWaterMark);
  assert.equal(socket.write(Buffer.alloc(highWaterMark - 1)), true);
  await until(() => socket.writableLength === 0, 'the kernel to take it');
  assert.equal(socket.write(Buffer.alloc(highWaterMark)), true, 'the kernel took it');
  assert.equal(socket.writableLength, 0);
  await far.pause();
  while (socket.write(Buffer.alloc(highWaterMark))) assert.ok(socket.bytesWritten < 1e8);
  assert.equal(socket.writableLength, highWaterMark, 'and this it did not');
  await far.resume();
  await event(socket, 'drain');
  // Nobody listens for data: what is read ahead is bounded.
  await far.fill(20_000_000);
  await turns(50);
  assert.ok((await far.state()).pending > 0, 'the sender is held back');
  assert.ok(socket.readableLength < 200_000, `${socket.readableLength} bytes were read ahead`);
});

row('highWaterMark of 0 or less: the default for less', async (s) => {
  const usual = (await accepted(s)).socket.readableHighWaterMark;
  assert.equal((await accepted(s, {}, { highWaterMark: -5 })).socket.readableHighWaterMark, usual);
  assert.equal((await accepted(s, {}, { highWaterMark: 0 })).socket.readableHighWaterMark, 0);
});

row('the options are of one server only', async (s) => {
  const strict = s.server({ noDelay: true, pauseOnConnect: true, highWaterMark: 10 });
  const loose = s.server();
  const both = Promise.all([s.connection(strict), s.connection(loose)]);
  const noDelay: number[] = [];
  for (const server of [strict, loose]) {
    const port = await s.port(server);
    const { localPort = 0 } = await (await peer.connect({ port })).state();
    noDelay.push(optionsOf(port, localPort).noDelay);
  }
  const [one, other] = await both;
  assert.deepEqual([one.isPaused(), other.isPaused()], [true, false]);
  assert.deepEqual(noDelay, [1, 0]);
});

// B#36333
row('a server’s high-water mark must be a number, and a negative one is the default', async (s) => {
  for (const highWaterMark of ['4096', {}, true]) {
    const options = { highWaterMark: loose<number>(highWaterMark) };
    assert.throws(() => s.net.createServer(options), {
      code: 'ERR_INVALID_ARG_TYPE',
    });
  }
  const fallback = s.own(new s.net.Socket()).readableHighWaterMark;
  const server = s.server({ highWaterMark: -1 });
  const accepted = s.connection(server);
  s.connect(await s.port(server), '127.0.0.1');
  assert.equal((await accepted).readableHighWaterMark, fallback);
});

// B server.spec.ts
row('a new server has the properties of one that was given no options', ({ net }) => {
  for (const options of [undefined, null, {}]) {
    const server = new net.Server(options);
    const shown = (name: string): unknown => Reflect.get(server, name) as unknown;
    assert.deepEqual(
      ['listening', 'allowHalfOpen', 'pauseOnConnect', 'noDelay', 'keepAlive'].map(shown),
      [false, false, false, false, false],
    );
    assert.equal(shown('keepAliveInitialDelay'), 0);
    assert.equal(shown('_connections'), 0);
    assert.equal(shown('maxConnections'), undefined);
    assert.deepEqual(server.eventNames(), []);
  }
  for (const options of [1, false, 'text', Symbol('s')]) {
    assert.throws(() => new net.Server(loose(options)), { code: 'ERR_INVALID_ARG_TYPE' });
  }
});

// One of Node's own tests, in our words.
row('connections come paused with pauseOnConnect, and read on when resumed', async (s) => {
  const { client, accepted } = await pairOf(s, { pauseOnConnect: true });
  const log = logOf(accepted, 'data');
  client.write('waits');
  await turns(10);
  assert.equal(accepted.isPaused(), true);
  assert.deepEqual([log, accepted.bytesRead], [[], 0]);
  accepted.resume();
  const [chunk] = await event<[Buffer]>(accepted, 'data');
  assert.equal(String(chunk), 'waits');
});
