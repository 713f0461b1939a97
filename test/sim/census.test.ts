/** The workload does what it claims: each kind of call, failure and race happens in some seeds. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { POSSIBLE } from '#internal/sys/sim/chance/faults';
import { Census } from './workload/census.js';
import { makePlan, OPERATIONS } from './workload/plan.js';
import { runPlan } from './workload/run.js';

const SEEDS = 150;

/** The library does not make these calls where nothing but `net` is used. */
const NOT_CALLED = new Set(['socketpair', 'pipe', 'dup', 'splice', 'chmod']);

const NETWORK = ['cut', 'reset', 'slow', 'lossy', 'fewDescriptors', 'short write'];
const CALLS = [...new Set<string>([...OPERATIONS, 'broadcast', 'pipeIn'])];
const RACES = ['closeAtOnce', 'closeOnListening', 'closeOnConnection', 'listenTwice'];
const ENDS = ['own end first', "peer's end first", 'both ends cross'];
const THROWS = ['data', 'end', 'connect', 'close', 'finish', 'callback'];
const AT_ONCE = ['destroy', 'destroySoon', 'reset', 'end', 'endWith', 'writeMany', 'abort'];

/** Every error of every call; those of calls that are seldom made, only as one of them. */
function failures(): string[][] {
  const seldom = new Set(['stat', 'unlink', 'listen', 'bind']);
  return Object.entries(POSSIBLE).flatMap(([call, errors]) => {
    if (NOT_CALLED.has(call)) return [];
    const names = errors.map((error) => `fault: ${call} ${error}`);
    return seldom.has(call) ? [names] : names.map((name) => [name]);
  });
}

test('some seeds do all that the workload is there for', async () => {
  const census = new Census();
  for (let seed = 0; seed < SEEDS; seed++) {
    census.merge((await runPlan(makePlan(String(seed)))).census);
  }
  const wanted = [
    ...failures(),
    ...[...NETWORK, 'spurious wake-up'].map((what) => [`fault: ${what}`]),
    ...CALLS.map((what) => [`call: ${what}`]),
    ...RACES.map((what) => [`race: ${what}`]),
    ...ENDS.map((what) => [`half-close: ${what}`]),
    ["half-close: bytes behind the peer's end"],
    ...['said', 'EPIPE', 'ECONNRESET'].map((what) => [`last words: ${what}`]),
    ...THROWS.map((what) => [`throws in ${what}`]),
    ...AT_ONCE.map((what) => [`in the tick of connect: ${what}`]),
  ];
  const missing = wanted.filter((names) => !names.some((name) => census.counts.has(name)));
  assert.deepEqual(missing, []);
  const seen = [...census.counts.keys()].filter((name) => name.startsWith('fault: '));
  const foreign = seen.filter((name) => [...NOT_CALLED].some((call) => name.includes(`${call} `)));
  assert.deepEqual(foreign, [], 'the library makes these calls now: count them too');
});
