/** A write callback that throws harms neither its own socket nor the bytes of others. */
import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { makePair, readAll } from '../../kit/pairs.js';
import { runNode } from '../../kit/program.js';
import { test } from '../../kit/test.js';

const EXPECTED: Record<string, readonly string[]> = {
  one: ['uncaught A undefined', 'finish', 'close', 'peer got a'],
  two: ['uncaught A undefined', 'b is written', 'finish', 'close', 'peer got ab'],
  both: ['uncaught handler here', 'uncaught callback here', 'finish', 'close', 'peer got a'],
};

for (const [place, lines] of Object.entries(EXPECTED)) {
  test(`a throwing write callback: ${place}`, async () => {
    const { code, stdout, stderr } = await runNode('throwing-callbacks', [place]);
    assert.deepEqual(stdout.trim().split('\n').sort(), [...lines].sort(), stderr);
    assert.equal(code, 0);
  });
}

test('process.exit() in a write callback: the other sockets have sent', async (scope) => {
  const sockets: Promise<Buffer>[] = [];
  const server = createServer((socket: Socket) => sockets.push(readAll(socket)));
  scope.defer(() => server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const { code, stderr } = await runNode('throwing-callbacks', ['exit', String(port)]);
  assert.equal(code, 0, stderr);
  const texts = (await Promise.all(sockets)).map(String).sort();
  assert.deepEqual(texts, ['0', '1', '2']);
});

test('a write callback runs in the asynchronous context of its write()', async (scope) => {
  const { ours } = await makePair(scope);
  const store = new AsyncLocalStorage<number>();
  const seen = await Promise.all(
    [1, 2, 3].map((number) =>
      store.run(
        number,
        () =>
          new Promise((resolve) => {
            ours.write('x', () => resolve(store.getStore()));
          }),
      ),
    ),
  );
  assert.deepEqual(seen, [1, 2, 3]);
});
