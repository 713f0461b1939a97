/**
 * What accepted sockets take from their server at that moment, and how many calls of accept(2) they
 * cost.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { createServer, type Server, type Socket } from 'barewire';
import { listening } from '../../kit/pairs.js';
import { runNode } from '../../kit/program.js';
import { type Scope, test } from '../../kit/test.js';

async function serverOf(scope: Scope): Promise<{ server: Server; next: () => Promise<Socket> }> {
  const server = createServer();
  scope.defer(() => server.close());
  const to = await listening(server);
  const next = async (): Promise<Socket> => {
    const accepting = once(server, 'connection');
    const client = connect(to as { port: number; host: string });
    const [socket] = (await accepting) as [Socket];
    scope.defer(() => [client.destroy(), socket.destroy()]);
    return socket;
  };
  return { server, next };
}

test('allowHalfOpen may be set to anything between connections', async (scope) => {
  const { server, next } = await serverOf(scope);
  for (const value of [true, undefined, 1, 0, null, 'yes', '', false]) {
    Object.assign(server, { allowHalfOpen: value });
    assert.equal((await next()).allowHalfOpen, Boolean(value), String(value));
  }
});

test('servers with other settings, whose handlers make sockets, do not mix them', async (scope) => {
  const [one, other] = [await serverOf(scope), await serverOf(scope)];
  Object.assign(one.server, { highWaterMark: 1000, allowHalfOpen: true });
  Object.assign(other.server, { highWaterMark: 2000, pauseOnConnect: true });
  const seen: unknown[] = [];
  const note = (socket: Socket): void => {
    const { readableHighWaterMark, writableHighWaterMark, allowHalfOpen } = socket;
    seen.push([readableHighWaterMark, writableHighWaterMark, allowHalfOpen, socket.isPaused()]);
  };
  one.server.on('connection', note);
  other.server.on('connection', note);
  const within = new Promise((resolve) =>
    one.server.once('connection', () => resolve(other.next())),
  );
  await one.next();
  await within;
  await one.next();
  const [first, second] = [
    [1000, 1000, true, false],
    [2000, 2000, false, true],
  ];
  assert.deepEqual(seen, [first, second, first]);
});

test('a connection that a setting makes impossible is closed', async () => {
  const { code, stdout, stderr } = await runNode('server-settings');
  const lines = ['uncaught ERR_INVALID_ARG_VALUE', '-1: ', '5000: 5000', 'closed'];
  assert.deepEqual(stdout.trim().split('\n'), lines, stderr);
  assert.equal(code, 0);
});

test('a connection that comes in while many others are accepted is accepted', async (scope) => {
  const server = createServer();
  scope.defer(() => server.close());
  const to = (await listening(server)) as { port: number; host: string };
  const open = (): void => {
    const client = connect(to);
    scope.defer(() => client.destroy());
  };
  // More than a turn accepts: the last one's event comes while some of the others wait.
  const count = 100;
  let accepted = 0;
  const all = new Promise<void>((resolve) => {
    server.on('connection', (socket) => {
      scope.defer(() => socket.destroy());
      if (++accepted === 1) open();
      if (accepted === count + 1) resolve();
    });
  });
  for (let i = 0; i < count; i++) open();
  await all;
});

test('no accept(2) finds nothing: that costs as much as one that does', async () => {
  const { code, stdout, stderr } = await runNode('accept-calls');
  assert.equal(stderr, '');
  assert.equal(stdout, '200 accepted, 0 in vain\n');
  assert.equal(code, 0);
});

test('a kernel that does not say how many wait is asked by accept(2)', async () => {
  const { code, stdout, stderr } = await runNode('accept-calls', ['silent']);
  assert.equal(stderr, '');
  assert.match(stdout, /^200 accepted, [1-9]\d* in vain\n$/);
  assert.equal(code, 0);
});
