/** `npm run sim`: runs seeds, and shows what a failing one does. See docs/SIMULATION.md. */
import { parseArgs } from 'node:util';
import { Census } from './census.js';
import { countHeld } from './collect.js';
import { onlyParts, printFailure, printShrunk, readableLines } from './failure.js';
import { makePlan } from './plan.js';
import { problemsOf, type Report, runPlan } from './run.js';
import { KNOWN_SEEDS } from './seeds.js';

const TRACE_LINES = '400';
const COLLECT_EVERY = '50';
const FAILURES_MAX = 10;

const { values: options } = parseArgs({
  options: {
    seeds: { type: 'string', default: '200' },
    first: { type: 'string', default: '0' },
    seed: { type: 'string' },
    fresh: { type: 'string' },
    name: { type: 'string' },
    known: { type: 'boolean', default: false },
    list: { type: 'string' },
    parts: { type: 'string' },
    share: { type: 'string' },
    trace: { type: 'boolean', default: false },
    lines: { type: 'string', default: TRACE_LINES },
    shrink: { type: 'boolean', default: false },
    census: { type: 'boolean', default: false },
    fingerprints: { type: 'boolean', default: false },
    'collect-every': { type: 'string', default: COLLECT_EVERY },
    'stop-at-first': { type: 'boolean', default: false },
    'no-shrink': { type: 'boolean', default: false },
  },
});

const startedAt = process.hrtime.bigint();
const totals = { seeds: 0, events: 0, calls: 0, faults: 0, bytes: 0, virtualMs: 0 };
const census = new Census();
let failed = 0;
/** The sockets of the run before: V8 and Node may keep a thing or two of what ran last. */
let before: { readonly seed: string; readonly sockets: readonly WeakRef<object>[] } | null = null;

function seconds(): number {
  return Number(process.hrtime.bigint() - startedAt) / 1e9;
}

function add(report: Report): void {
  totals.seeds++;
  totals.events += report.events;
  totals.calls += report.calls;
  totals.faults += report.faults;
  totals.bytes += report.bytes;
  totals.virtualMs += report.virtualMs;
  census.merge(report.census);
}

/** Tells whoever started this process how far it is, and that it is alive. */
function tell(done: number, all: number, seed = ''): void {
  process.send?.({ done, all, failed, seed });
}

/** Looks now and then only: collecting takes time. */
async function checkMemory(seed: string, done: number): Promise<void> {
  if (before === null || done % Number(options['collect-every']) !== 0) return;
  const held = await countHeld(before.sockets);
  if (held === 0) return;
  failed++;
  const problem = `${held} of ${before.sockets.length} closed sockets can not be collected`;
  printFailure(before.seed, [problem], `--list ${before.seed},${seed} --collect-every 1`);
}

async function runMany(seeds: readonly string[]): Promise<void> {
  for (const [index, seed] of seeds.entries()) {
    tell(index, seeds.length, seed);
    const plan = makePlan(seed);
    const report = await runPlan(plan);
    add(report);
    if (options.fingerprints) console.log(`fingerprint ${report.fingerprint} of seed ${seed}`);
    const problems = problemsOf(report);
    if (problems.length > 0) {
      failed++;
      printFailure(seed, problems, `--seed ${seed} --trace`);
      const shrinks = report.problems.length > 0 && !options['no-shrink'];
      if (shrinks) await printShrunk(plan, () => tell(index, seeds.length, seed));
    }
    await checkMemory(seed, index + 1);
    before = { seed, sockets: report.sockets };
    if (failed >= (options['stop-at-first'] ? 1 : FAILURES_MAX)) break;
  }
  tell(seeds.length, seeds.length);
}

/** One seed, twice: whether it fails, and whether it is the same run each time. */
async function runOne(seed: string): Promise<void> {
  const whole = makePlan(seed);
  const plan = options.parts === undefined ? whole : onlyParts(whole, options.parts);
  const first = await runPlan(plan);
  const second = await runPlan(plan, options.trace);
  add(second);
  console.log(`fingerprint ${first.fingerprint}, again ${second.fingerprint}`);
  for (const line of readableLines(second.lines, Number(options.lines), Number(options.lines))) {
    console.log(line);
  }
  const problems = [...(options.parts === undefined ? problemsOf(second) : second.problems)];
  if (first.fingerprint !== second.fingerprint) problems.push('two runs of it differ');
  const held = await countHeld(first.sockets);
  if (held > 0) problems.push(`${held} closed sockets can not be collected`);
  if (problems.length === 0) return;
  failed++;
  printFailure(seed, problems, `--seed ${seed} --trace`);
  if (options.shrink && second.problems.length > 0) await printShrunk(plan, () => {});
}

/** `--list a,b`, `--known` and `--fresh 1000` add up; else `--seeds` from `--first` on. */
function chosenSeeds(): string[] {
  const { fresh, list, known, first, seeds, name = Date.now().toString(36) } = options;
  const chosen = list?.split(',') ?? [];
  if (known) chosen.push(...KNOWN_SEEDS.map(([seed]) => seed));
  for (let i = 0; i < Number(fresh ?? 0); i++) chosen.push(`${name}-${i}`);
  if (fresh !== undefined || known || list !== undefined) return chosen;
  return Array.from({ length: Number(seeds) }, (_, i) => String(Number(first) + i));
}

/** The seeds of this process, where several share them: every nth. */
function mySeeds(): string[] {
  const [at = 0, of = 1] = (options.share ?? '0/1').split('/').map(Number);
  return chosenSeeds().filter((_, index) => index % of === at);
}

async function main(): Promise<void> {
  if (options.seed !== undefined) await runOne(options.seed);
  else await runMany(mySeeds());
  process.exitCode = failed > 0 ? 1 : 0;
  if (process.send !== undefined) {
    process.send({ totals, failed, census: census.sorted });
    process.disconnect();
    return;
  }
  const { seeds, events, calls, faults } = totals;
  const took = seconds().toFixed(1);
  console.log(`${seeds} seeds in ${took} s: ${events} events, ${calls} calls, ${faults} faults`);
  if (options.census) for (const [what, times] of census.sorted) console.log(`${times} ${what}`);
  console.log(`${failed} failed`);
}

void main();
