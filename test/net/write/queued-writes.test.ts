/** What `write()` returns as bytes queue up, and what many queued writes cost. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import builtin, { type AddressInfo } from 'node:net';
import ours from 'barewire';
import current from 'barewire/node';
import { type Scope, test } from '../../kit/test.js';

type Connect = typeof builtin.connect;

const MODULES: Readonly<Record<string, Connect>> = {
  barewire: ours.connect as unknown as Connect,
  'barewire/node': current.connect as unknown as Connect,
};

/** A socket to a server of Node's own that reads all, or nothing before `resume`. */
async function connected(scope: Scope, connect: Connect, reads: boolean) {
  const accepted: builtin.Socket[] = [];
  const server = builtin.createServer({ pauseOnConnect: !reads }, (peer) => {
    accepted.push(peer);
    peer.on('error', () => {}).on('data', () => {});
    if (reads) peer.resume();
    else peer.pause();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  scope.defer(() => {
    server.close();
    socket.destroy();
    for (const peer of accepted) peer.destroy();
  });
  await once(socket, 'connect');
  while (accepted.length === 0) await new Promise(setImmediate);
  const resume = (): void => {
    accepted[0]?.resume();
  };
  return { socket, resume };
}

const SIZES = [100, 8192, 8193, 16_384, 70_000, 300_000, 1_000_000];

/** What single writes of each size say, and what holds when they have. */
async function answers(scope: Scope, connect: Connect): Promise<unknown[]> {
  const { socket } = await connected(scope, connect, true);
  const seen: unknown[] = [];
  socket.on('drain', () => seen.push('drain'));
  for (const size of SIZES) {
    const said = socket.write(Buffer.alloc(size));
    // Only what a handler's small writes gather leaves when it returns.
    seen.push([size, said, size > 8192 ? socket.writableLength : 0]);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  for (const size of SIZES) {
    seen.push([`'x' × ${size}`, socket.write('x'.repeat(size))]);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return seen;
}

for (const [name, connect] of Object.entries(MODULES)) {
  test(`${name}: write() says true of what the kernel took`, async (scope) => {
    const theirs = await answers(scope, builtin.connect);
    assert.deepEqual(theirs[4], [70_000, true, 0]);
    assert.deepEqual(await answers(scope, connect), theirs);
  });

  for (const size of [1000, 10_000, 100_000]) {
    test(`${name}: a loop on write()'s answer stops at ${size} bytes too many`, async (scope) => {
      const { socket, resume } = await connected(scope, connect, false);
      let count = 1;
      while (socket.write(Buffer.alloc(size))) count++;
      // The kernel is full: more than 200 KB are with it, and what is not fills the mark.
      assert.ok(count * size > 200_000);
      assert.ok(socket.writableLength >= socket.writableHighWaterMark);
      assert.ok(socket.writableLength < socket.writableHighWaterMark + size);
      const drained = once(socket, 'drain');
      resume();
      await drained;
      assert.equal(socket.writableLength, 0);
    });
  }

  test(`${name}: what was written may change when write() has said true`, async (scope) => {
    const { socket } = await connected(scope, connect, true);
    const received: Buffer[] = [];
    const echo = builtin.createServer((peer) => peer.on('data', (chunk) => received.push(chunk)));
    scope.defer(() => echo.close());
    await once(echo.listen(0, '127.0.0.1'), 'listening');
    const writer = connect((echo.address() as AddressInfo).port, '127.0.0.1');
    scope.defer(() => writer.destroy());
    await once(writer, 'connect');
    const chunk = Buffer.alloc(20_000);
    for (const letter of 'abc') {
      chunk.fill(letter);
      assert.equal(writer.write(chunk), true);
    }
    chunk.fill('z');
    while (Buffer.concat(received).length < 60_000) await new Promise(setImmediate);
    assert.equal(String(Buffer.concat(received)).replaceAll(/(.)\1*/g, '$1'), 'abc');
    socket.destroy();
  });
}

/** Microseconds of CPU that so many small writes cost until all is sent. */
async function cost(scope: Scope, connect: Connect, count: number, how: string): Promise<number> {
  const { socket } = await connected(scope, connect, true);
  const chunk = Buffer.alloc(100);
  const before = process.cpuUsage();
  if (how === 'corked') socket.cork();
  for (let i = 0; i < count; i++) socket.write(chunk);
  if (how === 'corked') socket.uncork();
  socket.end();
  await once(socket, 'finish');
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

// It was 18 times the built-in's: what a call did grew with all that was waiting.
for (const how of ['corked', 'in a loop that ignores the answer']) {
  test(`400,000 small writes, ${how}, cost about what they do on the built-in`, async (scope) => {
    const theirs = await cost(scope, builtin.connect, 400_000, how);
    const mine = await cost(scope, current.connect as unknown as Connect, 400_000, how);
    assert.ok(mine < 4 * theirs, `${mine} µs of CPU, the built-in ${theirs}`);
  });
}

const LARGE = 20_000_000;

/** The order of callbacks where one of them writes while a large chunk waits behind its own. */
async function order(scope: Scope, connect: Connect): Promise<string> {
  const { socket, resume } = await connected(scope, connect, false);
  const seen: string[] = [];
  const done = new Promise<void>((resolve) => {
    const first = (): void => {
      seen.push('large');
      socket.write('c', () => {
        seen.push('behind');
        resolve();
      });
    };
    socket.write('a', () => seen.push('small'));
    socket.write(Buffer.alloc(LARGE), first);
    socket.write(Buffer.alloc(20_000), () => seen.push('next'));
  });
  await new Promise((resolve) => setTimeout(resolve, 30));
  resume();
  await done;
  await new Promise(setImmediate);
  return seen.join();
}

test('a callback that writes does not overtake the write behind its own', async (scope) => {
  const expected = 'small,large,next,behind';
  assert.equal(await order(scope, builtin.connect), expected);
  for (let i = 0; i < 5; i++) {
    assert.equal(await order(scope, current.connect as unknown as Connect), expected);
  }
});
