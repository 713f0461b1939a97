/** A few seeds of the workload; the many are `npm run sim`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makePlan, partsOf, planWithout } from './workload/plan.js';
import { problemsOf, runPlan } from './workload/run.js';
import { KNOWN_SEEDS } from './workload/seeds.js';
import { shrink } from './workload/shrink.js';

const FRESH = 20;

async function assertWell(seed: string): Promise<void> {
  const report = await runPlan(makePlan(seed));
  assert.deepEqual(problemsOf(report), [], `npm run sim -- --seed ${seed} --trace`);
  assert(report.calls >= 200 && report.faults >= 5, `${report.calls}, ${report.faults}`);
}

for (const [seed, found] of KNOWN_SEEDS) {
  test(`seed ${seed} finds nothing any more (${found})`, () => assertWell(seed));
}

test('fresh seeds find nothing', async () => {
  const name = Date.now().toString(36);
  for (let i = 0; i < FRESH; i++) await assertWell(`${name}-${i}`);
});

test('the same seed is the same run, to the event', async () => {
  for (const seed of ['1', '2', '3']) {
    const first = await runPlan(makePlan(seed), true);
    const second = await runPlan(makePlan(seed), true);
    assert(first.lines.length > 100);
    assert.deepEqual(second.lines, first.lines);
    assert.equal(second.fingerprint, first.fingerprint);
  }
});

test('a seed that does too little is a problem', async () => {
  const plan = makePlan('1');
  const report = await runPlan(planWithout(plan, new Set()));
  assert.deepEqual(report.problems, []);
  assert.match(problemsOf(report).join(), /does too little: \d+ calls of the API, \d+ faults/);
});

test('a plan can be cut down to some of its parts', () => {
  const plan = makePlan('1');
  const [first = -1, second = -1] = partsOf(plan);
  const cut = planWithout(plan, new Set([first, second]));
  assert.deepEqual(partsOf(cut), [first, second]);
});

test('a failing plan is cut down to the parts that make it fail', async () => {
  const plan = makePlan('1');
  const parts = partsOf(plan);
  const guilty = [parts[3] ?? -1, parts.at(-2) ?? -1];
  const smallest = await shrink(plan, (one) => {
    const left = new Set(partsOf(one));
    return Promise.resolve(guilty.every((id) => left.has(id)));
  });
  const kept = partsOf(smallest);
  // An action stays with its client, so that a part of that may be left.
  assert(guilty.every((id) => kept.includes(id)) && kept.length <= 3, kept.join(' '));
});
