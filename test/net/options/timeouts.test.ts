/** `setTimeout` of a socket: what counts as activity, and when `'timeout'` comes. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { simulate } from 'barewire/testing';
import { loose } from '../../kit/bad-arguments.js';
import { peer } from '../../kit/peer.js';
import { accepted, connected, fillUp } from '../../kit/peer-pair.js';
import { row, type Socket } from '../../kit/row.js';
import { delay, event, logOf } from '../../kit/wait.js';

/** Timers may fire a little early; see Node's own tests of timers. */
const EARLY_MS = 2;

row('C072 timeout comes after that inactivity, and the connection stays', async (s) => {
  const { socket, far } = await accepted(s);
  const start = performance.now();
  assert.equal(socket.setTimeout(60), socket);
  await event(socket, 'timeout');
  assert.ok(performance.now() - start >= 60 - EARLY_MS);
  assert.equal(socket.destroyed, false);
  const data = event(socket, 'data');
  await far.write('still');
  assert.equal(String((await data)[0]), 'still');
  socket.write('here');
  assert.equal((await far.until({ bytes: 4 })).text, 'here');
});

row('C072 0 turns it off; there is none by default; the callback is for once', async (s) => {
  const [one, two] = [await accepted(s), await accepted(s)];
  const quiet = logOf(one.socket, 'timeout');
  one.socket.setTimeout(40, () => quiet.push('callback'));
  one.socket.setTimeout(0);
  const plain = logOf((await accepted(s)).socket, 'timeout');
  let called = 0;
  const callback = (): unknown => called++;
  two.socket.setTimeout(60, callback);
  assert.ok(two.socket.listeners('timeout').includes(callback));
  await event(two.socket, 'timeout');
  two.socket.write('activity');
  await event(two.socket, 'timeout');
  assert.equal(called, 1);
  assert.deepEqual([quiet, plain], [[], []]);
});

/** Keeps doing `act` in less than the time-out, and checks it fires only after a real pause. */
async function restarts(socket: Socket, act: () => Promise<unknown>): Promise<void> {
  const timeoutMs = 300;
  // When the latest activity began that was over before the time-out: it came no earlier.
  let last = performance.now();
  let fired = 0;
  socket.setTimeout(timeoutMs, () => {
    fired = performance.now() - last;
  });
  for (let i = 0; i < 6; i++) {
    await delay(timeoutMs / 4);
    const begun = performance.now();
    await act();
    if (fired === 0) last = begun;
  }
  if (fired === 0) await event(socket, 'timeout');
  assert.ok(fired >= timeoutMs - EARLY_MS, `only ${fired} ms after the last activity`);
}

row('C072 any write restarts the time', async (s) => {
  const { socket } = await accepted(s);
  await restarts(socket, () => new Promise((resolve) => socket.write('x', resolve)));
});

row('C083 any read restarts the time: timeout comes on inactivity only', async (s) => {
  const { socket, far } = await accepted(s);
  socket.on('data', () => {});
  await restarts(socket, async () => {
    const data = event(socket, 'data');
    await far.write('x');
    await data;
  });
});

row('C083 a socket that is busy does not time out', async (s) => {
  const { socket, far } = await connected(s, { pauseOnConnect: true });
  const log = logOf(socket, 'timeout');
  const start = performance.now();
  socket.setTimeout(200);
  let last = start;
  let longest = 0;
  while (last - start < 350 && log.length === 0) {
    socket.write(Buffer.alloc(1000));
    await delay(10);
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
  }
  // Between two writes the machine may have stood still: then it was not busy.
  assert.ok(log.length === 0 || longest >= 200 - EARLY_MS, `${longest} ms without a write`);
  await far.resume();
});

row('C087 setTimeout before connect holds once the connection stands', async (s) => {
  const there = await peer.listen();
  const socket = s.own(new s.net.Socket()).setTimeout(50);
  socket.connect(there.port, '127.0.0.1');
  // It counts while connecting, too: on a slow machine it may fire there first.
  await event(socket, 'connect');
  await event(socket, 'timeout');
  assert.deepEqual([socket.connecting, socket.destroyed], [false, false]);
});

row('C087 setTimeout before connect counts from the connection on', async (s) => {
  const link = { latencyMs: 20, jitterMs: 0 };
  const options = { profile: s.profile, hosts: ['near', 'far'], link };
  // In virtual time, as the connection must stand before the time is over.
  const log = await simulate(options, async ({ hosts, clock }) => {
    const server = hosts['far']?.net.createServer().listen(1);
    const Socket = hosts['near']?.net.Socket;
    assert(server && Socket);
    const socket = new Socket().setTimeout(50).connect(1, 'far');
    const seen = new Map<string, number>();
    for (const name of ['connect', 'timeout']) socket.on(name, () => seen.set(name, clock.now()));
    await once(socket, 'timeout');
    socket.destroy();
    server.close();
    return seen;
  });
  const [connect = 0, timeout = 0] = [log.get('connect'), log.get('timeout')];
  assert.ok(connect >= 40 && connect < 50, `connected after ${connect} ms`);
  assert.ok(timeout >= connect + 50, `timed out after ${timeout} ms`);
});

// One of Node's own tests, in our words.
row('a socket’s timeout must be a finite number that is not negative', (s) => {
  const socket = s.own(new s.net.Socket());
  for (const [value, code] of [
    ['100', 'ERR_INVALID_ARG_TYPE'],
    [undefined, 'ERR_INVALID_ARG_TYPE'],
    [null, 'ERR_INVALID_ARG_TYPE'],
    [-1, 'ERR_OUT_OF_RANGE'],
    [Number.NaN, 'ERR_OUT_OF_RANGE'],
    [Number.POSITIVE_INFINITY, 'ERR_OUT_OF_RANGE'],
  ] as const) {
    assert.throws(() => socket.setTimeout(loose<number>(value)), { code }, String(value));
  }
  assert.throws(() => socket.setTimeout(1, loose('callback')), { code: 'ERR_INVALID_ARG_TYPE' });
  assert.equal(socket.setTimeout(0), socket);
});

// oven-sh/bun#42403
row('timeout fires while the write queue stalls', async (s) => {
  const { socket } = await connected(s, { pauseOnConnect: true });
  socket.setTimeout(100);
  fillUp(socket);
  await event(socket, 'timeout');
  assert.ok(socket.writableLength > 0);
});

row('timeout is what was set last', async (s) => {
  const { socket } = await accepted(s);
  assert.equal(socket.timeout, undefined);
  assert.equal(socket.setTimeout(5000).timeout, 5000);
  assert.equal(socket.setTimeout(0).timeout, 0);
});
