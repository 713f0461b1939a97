/**
 * A socket that is destroyed or ended while it connects. B# is oven-sh/bun, D# is denoland/deno.
 */
import assert from 'node:assert/strict';
import type { Lookup } from '#internal/dial/target';
import { answering, answeringLater } from '../../kit/lookups.js';
import { peer } from '../../kit/peer.js';
import { row, type Socket } from '../../kit/row.js';
import { delay, event, logOf, turns } from '../../kit/wait.js';

const EVENTS = ['lookup', 'connectionAttempt', 'connectionAttemptFailed', 'connect', 'ready'];

// nodejs/node#51826, nodejs/node#47644, oven-sh/bun#42307; the kit checks for open descriptors
row('destroy while connecting ends it, whatever the event', async (s) => {
  const there = await peer.listen({ host: '127.0.0.1' });
  for (const name of EVENTS) {
    const lookup = answeringLater('127.0.0.2', '127.0.0.1');
    const socket = s.connect({ port: there.port, host: 'several.example', lookup });
    const log = logOf(socket, 'error', 'close');
    // node:net, too, emits 'ready' behind 'connect' whatever the handler did.
    const after = logOf(socket, ...EVENTS.filter((one) => one !== 'ready'));
    socket.once(name, () => {
      socket.destroy();
      after.length = 0;
    });
    await event(socket, 'close');
    await turns();
    assert.deepEqual(log, ['close'], name);
    assert.deepEqual(after, [], `${name}: nothing after destroy`);
  }
});

// nodejs/node#51826
row('destroy inside the lookup function itself, and before it answers', async (s) => {
  for (const when of ['sync', 'inside', 'before'] as const) {
    const late: { answer: () => void } = { answer: () => {} };
    const lookup: Lookup = (_host, _options, callback) => {
      late.answer = () => callback(null, [{ address: '127.0.0.1', family: 4 }]);
      if (when === 'inside') setImmediate(() => socket.destroy());
      if (when === 'sync') late.answer();
    };
    const socket: Socket = s.connect({ port: 1, host: 'a.example', lookup });
    const log = logOf(socket, 'error', 'connect', 'close');
    if (when !== 'inside') socket.destroy();
    await event(socket, 'close');
    late.answer();
    await turns();
    assert.deepEqual(log, ['close'], when);
  }
});

// One of Node's own tests, in our words.
row('end() inside the connect handler ends the connection before close', async (s) => {
  const port = await s.port(s.server((socket) => socket.resume()));
  const socket = s.connect(port, '127.0.0.1');
  const log = logOf(socket, 'end', 'finish', 'close', 'error');
  let destroyedAtEnd: boolean | undefined;
  socket.on('end', () => {
    destroyedAtEnd = socket.destroyed;
  });
  socket.on('connect', () => socket.end());
  socket.resume();
  await event(socket, 'close');
  assert.deepEqual(log, ['finish', 'end', 'close']);
  assert.equal(destroyedAtEnd, false);
});

// B#25633
row('destroy while an address is tried leaves no timer that acts on it', async (s) => {
  const lookup = answering('192.0.2.1', '192.0.2.2', '127.0.0.1');
  for (let i = 0; i < 5; i++) {
    const options = { port: 9, host: 'slow.example', lookup, autoSelectFamilyAttemptTimeout: 10 };
    const socket = s.connect(options).on('error', () => {});
    const attempts = logOf(socket, 'connectionAttempt');
    await turns(1);
    socket.destroy();
    const before = attempts.length;
    await delay(40);
    assert.equal(attempts.length, before);
  }
});
