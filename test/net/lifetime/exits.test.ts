/** Bytes that are written just before a process exits or dies of an exception. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, type connect, createServer } from 'node:net';
import { readAll } from '../../kit/pairs.js';
import { runNode } from '../../kit/program.js';
import { test } from '../../kit/test.js';

const LAST_WORDS = [
  'just before process.exit()',
  "in an 'exit' handler",
  "before and in an 'exit' handler",
  'before an exception that nobody catches',
];

for (const how of LAST_WORDS) {
  test(`what is written ${how} arrives`, async (scope) => {
    const server = createServer();
    scope.defer(() => server.close());
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    const ended = runNode('last-words', [how, String(port)], { timeoutMs: 10_000 });
    const [socket] = (await once(server, 'connection')) as [ReturnType<typeof connect>];
    const text = String(await readAll(socket));
    assert.equal(text, `one ${'x'.repeat(5000)} last`);
    const { code } = await ended;
    assert.equal(code, how.includes('exception') ? 1 : 0);
  });
}

for (const [how, expected] of [
  ['a crash', 1],
  ['an exit', 3],
  ['an exit in a callback', 3],
] as const) {
  test(`who waits for a write is not told after ${how}, the code stays`, async (scope) => {
    const server = createServer();
    scope.defer(() => server.close());
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const ended = runNode('callback-at-exit', [how, String(port)], { timeoutMs: 10_000 });
    const [socket] = (await once(server, 'connection')) as [ReturnType<typeof connect>];
    assert.equal(String(await readAll(socket)), 'last words');
    const { code, stdout } = await ended;
    assert.equal(code, expected);
    assert.equal(stdout, '');
  });
}
