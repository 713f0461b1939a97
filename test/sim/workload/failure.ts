/**
 * What `npm run sim` prints of a failing seed: how to run it again, and a trace of the least part
 * of it that fails.
 */
import { type Plan, partsOf, planWithout } from './plan.js';
import { runPlan } from './run.js';
import { shrink } from './shrink.js';

const PROBLEMS_SHOWN = 5;
const PROBLEM_CHARACTERS = 1000;
/** What shrinking one seed may take, and all seeds of a process together. */
const SHRINK_MS = 20_000;
const SHRINK_ALL_MS = 60_000;
/** Lines of a shrunk trace: before the first problem, and from it on. */
const LINES_BEFORE = 60;
const LINES_FROM = 20;

const hrtime = process.hrtime.bigint;
const elapsedMs = (since: bigint): number => Number(hrtime() - since) / 1e6;
let spentMs = 0;

export function printFailure(seed: string, problems: readonly string[], command: string): void {
  console.log(`\nseed ${seed} FAILED; to see it again: npm run sim -- ${command}`);
  for (const problem of problems.slice(0, PROBLEMS_SHOWN)) {
    console.log(`  ${problem.slice(0, PROBLEM_CHARACTERS)}`);
  }
}

/** The lines of a trace that a reader wants: no turns, and those around the first problem. */
export function readableLines(lines: readonly string[], before: number, from: number): string[] {
  const kept = lines.filter((line) => !/ (loop +timer|turn) /.test(line));
  const problem = kept.findIndex((line) => line.includes(' PROBLEM '));
  const at = problem < 0 ? kept.length : problem;
  return kept.slice(Math.max(0, at - before), at + from);
}

/**
 * Looks for the least of `plan` that fails, within a time, and prints it with its trace. `onRun` is
 * called before each run, so that somebody outside can tell work from a hang.
 */
export async function printShrunk(plan: Plan, onRun: () => void): Promise<void> {
  const leftMs = Math.min(SHRINK_MS, SHRINK_ALL_MS - spentMs);
  if (leftMs <= 0) {
    console.log('  not shrunk: that of other seeds took the time there is for it');
    return;
  }
  const startedAt = hrtime();
  let runs = 0;
  const fails = async (smaller: Plan): Promise<boolean> => {
    runs++;
    onRun();
    return (await runPlan(smaller)).problems.length > 0;
  };
  const least = await shrink(plan, fails, () => elapsedMs(startedAt) > leftMs);
  onRun();
  const { problems, lines } = await runPlan(least, true);
  const tookMs = elapsedMs(startedAt);
  spentMs += tookMs;
  const parts = partsOf(least);
  const all = partsOf(plan).length;
  const took = `${runs} runs, ${(tookMs / 1000).toFixed(1)} s`;
  console.log(`  shrunk to ${parts.length} of ${all} parts (${took}); this less, event by event:`);
  console.log(`  npm run sim -- --seed ${plan.seed} --trace --parts ${parts.join(',') || 'none'}`);
  for (const problem of problems.slice(0, 1)) console.log(`  ${problem.slice(0, 200)}`);
  for (const line of readableLines(lines, LINES_BEFORE, LINES_FROM)) console.log(`  | ${line}`);
}

/** `plan` with only the parts that `--parts` names. */
export function onlyParts(plan: Plan, parts: string): Plan {
  return planWithout(plan, new Set(parts.split(',').map(Number)));
}
