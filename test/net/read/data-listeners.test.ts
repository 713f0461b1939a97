/**
 * A single listener of `'data'` is called by a shorter way than `emit`. It and all others see what
 * they would see by `emit`: `this`, `once`, a replaced `emit`, rejections, and domains.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { makePair } from '../../kit/pairs.js';
import { test } from '../../kit/test.js';

test('a listener runs with the socket as `this` and one argument', async (scope) => {
  const { ours, peer } = await makePair(scope);
  const seen = new Promise<unknown[]>((resolve) => {
    ours.on('data', function (this: unknown, ...args: unknown[]) {
      resolve([this === ours, args.length, String(args[0])]);
    });
  });
  peer.write('x');
  assert.deepEqual(await seen, [true, 1, 'x']);
});

test('`once` sees one chunk, and who is added by a listener the next', async (scope) => {
  const { ours, peer } = await makePair(scope);
  const seen: string[] = [];
  const done = new Promise<void>((resolve) => {
    ours.once('data', (chunk) => {
      seen.push(`once ${chunk}`);
      ours.on('data', (next) => {
        seen.push(`later ${next}`);
        resolve();
      });
      peer.write('b');
    });
  });
  peer.write('a');
  await done;
  assert.deepEqual(seen, ['once a', 'later b']);
});

test("a socket's own `emit` sees every chunk", async (scope) => {
  const { ours, peer } = await makePair(scope);
  const seen: unknown[] = [];
  const { emit } = ours;
  ours.emit = function (this: typeof ours, ...args: Parameters<typeof emit>) {
    seen.push(args[0]);
    return Reflect.apply(emit, this, args);
  };
  const got = once(ours, 'data');
  peer.write('x');
  assert.equal(String(await got), 'x');
  assert.ok(seen.includes('data'));
});

test('an `emit` of all emitters that was replaced later sees every chunk', async (scope) => {
  const { ours, peer } = await makePair(scope);
  const { emit } = EventEmitter.prototype;
  const seen: unknown[] = [];
  scope.defer(() => {
    EventEmitter.prototype.emit = emit;
  });
  EventEmitter.prototype.emit = function (this: EventEmitter, ...args: [string, ...unknown[]]) {
    if (this === ours) seen.push(args[0]);
    return Reflect.apply(emit, this, args);
  };
  const got = once(ours, 'data');
  peer.write('x');
  await got;
  assert.ok(seen.includes('data'));
});

test('a rejection of an async listener becomes an error where asked for', async (scope) => {
  const before = EventEmitter.captureRejections;
  EventEmitter.captureRejections = true;
  scope.defer(() => {
    EventEmitter.captureRejections = before;
  });
  const { ours, peer } = await makePair(scope);
  EventEmitter.captureRejections = before;
  ours.on('data', async () => {
    throw new Error('rejected');
  });
  const failed = once(ours, 'error');
  peer.write('x');
  const [error]: unknown[] = await failed;
  assert.equal((error as Error).message, 'rejected');
});

const DOMAIN = `
  const domain = require('node:domain');
  const { connect, createServer } = require('barewire');
  const found = domain.create().on('error', (error) => {
    console.log(error.message);
    process.exit();
  });
  const server = createServer((socket) => {
    found.add(socket);
    socket.on('data', () => { throw new Error('thrown by a listener'); });
  });
  server.listen(0, () => connect(server.address().port).write('x'));
`;

test('what a listener throws reaches the domain of its socket', () => {
  assert.equal(
    execFileSync(process.execPath, ['-e', DOMAIN], { encoding: 'utf8' }),
    'thrown by a listener\n',
  );
});
