/** Races between addresses, in a network namespace with an address that swallows everything. */
import assert from 'node:assert/strict';
import { test as nodeTest } from 'node:test';
import { compiled, Program } from '../kit/program.js';
import { SILENT_NETWORK } from '../kit/silent-network.js';
import { need, skipping } from '../kit/tools.js';

function test(title: string, body: () => unknown): void {
  nodeTest(title, (t) => skipping(t, body));
}

/** How long Node gives an address before it tries the next one. */
const ATTEMPT_MS = 500;
/** Much less than the kernel takes to give up (over two minutes), much more than a busy machine. */
const KERNEL_MS = 10_000;

interface Outcome {
  readonly connected?: string;
  readonly name?: string;
  readonly code?: string;
  readonly codes?: readonly string[];
  readonly ms: number;
  readonly left: number;
  readonly events: readonly (readonly [string, string, number])[];
}

async function race(scenario: string): Promise<Outcome> {
  need('ip', 'unshare');
  const inside = `${SILENT_NETWORK} && exec "$0" "$1" "$2"`;
  const args = ['-n', 'sh', '-ec', inside, process.execPath, compiled('dial-race'), scenario];
  const program = new Program('unshare', args, { timeoutMs: 20_000 });
  const { code, stdout, stderr } = await program.ended;
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout.split('\n')[0] ?? '') as Outcome;
}

test('an address that swallows everything costs one attempt’s time, and is closed', async () => {
  const outcome = await race('blackHoleFirst');
  assert.equal(outcome.connected, '127.0.0.2');
  assert.ok(outcome.ms >= ATTEMPT_MS - 20, `${outcome.ms} ms: sooner than its time was over`);
  assert.ok(outcome.ms < KERNEL_MS, `${outcome.ms} ms: waited for the kernel to give up`);
  assert.deepEqual(
    outcome.events.map(([name, address]) => [name, address]),
    [
      ['connectionAttempt', '10.9.0.77'],
      ['connectionAttemptTimeout', '10.9.0.77'],
      ['connectionAttempt', '127.0.0.2'],
    ],
  );
  assert.equal(outcome.left, 1, 'only the winner is open');
});

test('a slow route is not given up while the others are no better', async () => {
  const outcome = await race('slowRoute');
  assert.equal(outcome.connected, '127.0.0.1');
  assert.ok(outcome.ms > ATTEMPT_MS, `${outcome.ms} ms: later than one attempt’s time`);
  assert.equal(outcome.left, 1 - 2, 'the two fillers and the loser are closed');
});

test('with autoSelectFamily: true as without, a slow route is not given up', async () => {
  const outcome = await race('slowRouteAsked');
  assert.equal(outcome.connected, '127.0.0.1');
  assert.ok(outcome.ms > ATTEMPT_MS, `${outcome.ms} ms: later than one attempt’s time`);
});

test('where an attempt’s time is given, it is the time it has, as in node:net', async () => {
  for (const scenario of ['serial', 'serialByDefault']) {
    const outcome = await race(scenario);
    assert.equal(outcome.connected, undefined, scenario);
    assert.equal(outcome.name, 'AggregateError');
    assert.deepEqual(outcome.codes, ['ETIMEDOUT', 'ECONNREFUSED']);
  }
});

test('when every address fails, every error is told', async () => {
  const outcome = await race('allRefuse');
  assert.equal(outcome.name, 'AggregateError');
  assert.equal(outcome.code, 'ECONNREFUSED');
  assert.deepEqual(outcome.codes, ['ECONNREFUSED', 'ECONNREFUSED', 'ECONNREFUSED']);
  assert.equal(outcome.left, 0);
});

test('destroying the socket in the middle of a race closes every attempt', async () => {
  const outcome = await race('destroyed');
  assert.equal(outcome.left, 0);
});
