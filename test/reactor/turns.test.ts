/** What runs between the handlers of two sockets that became ready together. */
import assert from 'node:assert/strict';
import type { Socket } from 'barewire';
import { systemHost } from '#internal/transport/host';
import { FAMILIES } from '../kit/echo.js';
import { makePair, makePairs, type Pair } from '../kit/pairs.js';
import { runNode } from '../kit/program.js';
import { test } from '../kit/test.js';

/** Holds the loop up until the kernel, which a busy machine delays, has bytes for all of these. */
function awaitBytes(sockets: readonly Socket[]): void {
  const { kernel } = systemHost();
  const end = performance.now() + 10_000;
  for (const { _handle } of sockets) {
    while (kernel.pending(_handle?.fd ?? -1, kernel.constants.FIONREAD) === 0) {
      assert.ok(performance.now() < end, 'the bytes did not arrive');
    }
  }
}

for (const family of FAMILIES) {
  test(`ticks and jobs of one ${family} socket run before the next one's`, async (scope) => {
    const pairs = await makePairs(scope, 3, {}, family);
    const { reactor } = systemHost();
    const log: string[] = [];
    const turns = new Set<number>();
    let left = pairs.length;
    await new Promise<void>((resolve) => {
      for (const { ours } of pairs) {
        ours.on('data', (chunk) => {
          turns.add(reactor.turn);
          log.push(`handler ${chunk}`);
          process.nextTick(() => log.push(`tick ${chunk}`));
          void Promise.resolve()
            .then(() => log.push(`job ${chunk}`))
            .then(() => log.push(`second job ${chunk}`));
          process.nextTick(() => --left === 0 && setImmediate(resolve));
        });
      }
      // Within one tick: the kernel has all of it before the loop looks again.
      for (const [i, { peer }] of pairs.entries()) peer.write(String(i));
      awaitBytes(pairs.map(({ ours }) => ours));
    });
    assert.equal(turns.size, 1, 'all were ready in the same turn');
    const order = log.map((entry) => entry.slice(-1));
    const expected = order
      .filter((name, at) => order.indexOf(name) === at)
      .flatMap((name) => ['handler', 'tick', 'job', 'second job'].map((what) => `${what} ${name}`));
    assert.deepEqual(log, expected);
    assert.equal(log.length, 12);
  });
}

const CROWD = 200;
/** More than the kernel holds for a UNIX connection that nobody reads. */
const FLOOD_BYTES = 512 * 1024;
/** As the transport has it: a read, and what a socket may read in a turn that is not crowded. */
const READ_BYTES = 64 * 1024;
const BYTES_PER_TURN = 4 * READ_BYTES;
/** So many first reads are 4 MiB: for the sockets behind them the turn is crowded. */
const BEFORE_CROWD = 65;

/** Sends so much on each connection within one tick; returns the most that one turn delivered. */
async function mostInOneTurn(pairs: readonly Pair[], bytes: number): Promise<number> {
  const { reactor } = systemHost();
  const perTurn = new Map<number, number>();
  let left = pairs.length * bytes;
  await new Promise<void>((resolve) => {
    for (const { ours, peer } of pairs) {
      ours.removeAllListeners('data').on('data', (chunk) => {
        perTurn.set(reactor.turn, (perTurn.get(reactor.turn) ?? 0) + chunk.length);
        left -= chunk.length;
        if (left === 0) resolve();
      });
      peer.write(Buffer.alloc(bytes));
    }
  });
  return Math.max(...perTurn.values());
}

test('hundreds of flooding sockets get one read each in a turn', async (scope) => {
  const pairs = await makePairs(scope, CROWD, {}, 'unix');
  // The first message tells a socket to read in large pieces.
  await mostInOneTurn(pairs, READ_BYTES);
  const most = await mostInOneTurn(pairs, FLOOD_BYTES);
  const allowed = BEFORE_CROWD * BYTES_PER_TURN + (CROWD - BEFORE_CROWD) * READ_BYTES;
  assert.ok(most <= allowed, `${most} bytes in one turn; ${allowed} are allowed`);
});

test('setImmediate beats setTimeout(0) from a socket handler', async (scope) => {
  const { ours, peer } = await makePair(scope);
  for (let round = 0; round < 50; round++) {
    const first = new Promise<string>((resolve) => {
      ours.once('data', () => {
        setTimeout(() => resolve('timeout'), 0);
        setImmediate(() => resolve('immediate'));
        // Both are due when the handler returns.
        const until = performance.now() + 2;
        while (performance.now() < until);
      });
    });
    peer.write('x');
    assert.equal(await first, 'immediate');
  }
});

const PLACES = ['data', 'close', 'connection', 'write', 'drain', 'tick', 'end', 'connect'];
/** After a throw from these a socket of Node's own gets no further either. */
const LAST_OF_VICTIM = ['end', 'connect'];

for (const place of PLACES) {
  const whole = !LAST_OF_VICTIM.includes(place);
  const whose = whole ? 'every socket' : 'every other socket';
  test(`an exception in '${place}' is uncaught, and ${whose} works on`, async () => {
    const { code, stdout, stderr } = await runNode('throwing', [place], { timeoutMs: 15_000 });
    assert.equal(stderr, '');
    assert.equal(code, 0);
    const result = JSON.parse(stdout) as Record<string, unknown>;
    assert.deepEqual(result['caught'], [`thrown in ${place}`]);
    assert.deepEqual(result['bystanders'], [true, true, true]);
    if (!whole) return;
    assert.equal(result['victimReceived'], true, 'all that was sent to the socket that threw');
    assert.equal(result['victimSent'], true, 'all that the socket that threw sent');
  });
}
