/** Each fault that the simulation has found, as a short run of its own. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { simulate } from 'barewire/testing';

test('a connection that fails sends nothing of what is behind the first chunk', async () => {
  await simulate({}, async ({ net, world }) => {
    const received: Buffer[] = [];
    const server = net.createServer((socket) => socket.on('data', (chunk) => received.push(chunk)));
    server.listen('/tmp/found.sock');
    await once(server, 'listening');
    // SO_ERROR can not be asked for: the connection counts as failed, though it stands.
    world.fail('getsockopt', 'ENOBUFS');
    const socket = net.connect('/tmp/found.sock');
    const results: (string | undefined)[] = [];
    for (const text of ['first', 'second', 'third']) {
      socket.write(text, (error) => results.push((error as NodeJS.ErrnoException | null)?.code));
    }
    const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
    assert.equal(error.code, 'ENOBUFS');
    const closed = once(server, 'close');
    server.close();
    await closed;
    assert.equal(Buffer.concat(received).toString(), '');
    assert.equal(results.length, 3);
    assert(
      results.every((code) => code !== undefined),
      String(results),
    );
    assert.equal(world.faultCounts.get('getsockopt ENOBUFS'), 1);
    assert.deepEqual(world.leaks(), []);
  });
});

test("a pipe to a socket that connects anew does not wait for an old 'drain'", async () => {
  await simulate({}, async ({ net, world }) => {
    const received: number[] = [];
    const server = net.createServer((socket) => {
      const at = received.push(0) - 1;
      socket.on('data', (chunk) => {
        received[at] = (received[at] ?? 0) + chunk.length;
      });
    });
    server.listen(1);
    await once(server, 'listening');
    const socket = net.connect(1, '127.0.0.1');
    // More than the high-water mark, and destroyed before it drains.
    assert.equal(socket.write(Buffer.alloc(200_000)), false);
    socket.destroy();
    await once(socket, 'close');
    socket.connect(1, '127.0.0.1');
    assert.equal(socket.writableNeedDrain, false);
    Readable.from([Buffer.alloc(1000)]).pipe(socket);
    socket.resume();
    await once(socket, 'close');
    assert.equal(received.at(-1), 1000);
    const closed = once(server, 'close');
    server.close();
    await closed;
    assert.deepEqual(world.leaks(), []);
  });
});
