/** `npm run sim`: runs seeds, and shows what a failing one does. See docs/SIMULATION.md. */
import { parseArgs } from 'node:util';
import { makePlan, type Plan, partsOf } from './plan.js';
import { type Report, runPlan } from './run.js';
import { KNOWN_SEEDS } from './seeds.js';
import { shrink } from './shrink.js';

const TRACE_LINES = 400;
const BAR_WIDTH = 30;
const BAR_EVERY = 20;
const COLLECT_EVERY = 50;
const COLLECTIONS = 5;
const FAILURES_MAX = 10;

const { values: options } = parseArgs({
  options: {
    seeds: { type: 'string', default: '200' },
    first: { type: 'string', default: '0' },
    seed: { type: 'string' },
    fresh: { type: 'string' },
    known: { type: 'boolean', default: false },
    list: { type: 'string' },
    share: { type: 'string' },
    trace: { type: 'boolean', default: false },
    shrink: { type: 'boolean', default: false },
    quiet: { type: 'boolean', default: false },
    'stop-at-first': { type: 'boolean', default: false },
  },
});

const startedAt = process.hrtime.bigint();
const totals = { seeds: 0, events: 0, calls: 0, faults: 0, bytes: 0, virtualMs: 0 };
const failed: string[] = [];
let sockets: readonly WeakRef<object>[] = [];

function seconds(): number {
  return Number(process.hrtime.bigint() - startedAt) / 1e9;
}

function drawBar(done: number, all: number): void {
  process.send?.({ done, failed: failed.length });
  if (options.quiet || !process.stderr.isTTY || (done % BAR_EVERY !== 0 && done !== all)) return;
  const filled = Math.round((done / all) * BAR_WIDTH);
  const bar = '#'.repeat(filled).padEnd(BAR_WIDTH, '.');
  const rest = done === 0 ? 0 : (seconds() / done) * (all - done);
  const text = `[${bar}] ${done}/${all} seeds, ${failed.length} failed, ${rest.toFixed(0)} s left`;
  process.stderr.write(`\r${text}${done === all ? '\n' : ' '}`);
}

function add(report: Report): void {
  totals.seeds++;
  totals.events += report.events;
  totals.calls += report.calls;
  totals.faults += report.faults;
  totals.bytes += report.bytes;
  totals.virtualMs += report.virtualMs;
}

/** Sockets that are gone must be collectable. Looks now and then: collecting takes time. */
async function leakedSockets(done: number): Promise<string[]> {
  if (globalThis.gc === undefined || done % COLLECT_EVERY !== 0) return [];
  // What ended in the last tick may take a second collection, or a third.
  for (let i = 0; i < COLLECTIONS; i++) {
    await new Promise((resolve) => setImmediate(resolve));
    globalThis.gc();
  }
  const held = sockets.filter((one) => one.deref() !== undefined).length;
  return held === 0 ? [] : [`${held} of ${sockets.length} closed sockets can not be collected`];
}

function printFailure(seed: string, problems: readonly string[]): void {
  console.log(`\nseed ${seed} FAILED; to see it again: npm run sim -- --seed ${seed} --trace`);
  for (const problem of problems.slice(0, 5)) console.log(`  ${problem}`);
}

async function runMany(seeds: readonly string[]): Promise<void> {
  for (const [index, seed] of seeds.entries()) {
    const report = await runPlan(makePlan(seed));
    add(report);
    // Those of the run before: V8 and Node may keep a thing or two of what ran last.
    const problems = [...report.problems, ...(await leakedSockets(index + 1))];
    ({ sockets } = report);
    if (problems.length > 0) {
      failed.push(seed);
      printFailure(seed, problems);
    }
    drawBar(index + 1, seeds.length);
    if (failed.length >= (options['stop-at-first'] ? 1 : FAILURES_MAX)) break;
  }
}

async function runOne(seed: string): Promise<void> {
  let plan: Plan = makePlan(seed);
  const first = await runPlan(plan);
  const again = await runPlan(plan);
  console.log(`fingerprint ${first.fingerprint}, again ${again.fingerprint}`);
  if (first.fingerprint !== again.fingerprint) first.problems.concat('two runs differ');
  if (options.shrink && first.problems.length > 0) {
    console.log(`shrinking ${partsOf(plan).length} parts…`);
    plan = await shrink(plan);
    console.log(`left: ${partsOf(plan).length} parts`);
    console.log(JSON.stringify(plan, null, 1));
  }
  const report = await runPlan(plan, options.trace);
  add(report);
  const lines = report.lines.filter((line) => !/ (loop +timer|turn) /.test(line));
  for (const line of lines.slice(-TRACE_LINES)) console.log(line);
  if (report.problems.length > 0) {
    failed.push(seed);
    printFailure(seed, report.problems);
  }
}

/** `--list a,b`, `--known` and `--fresh 1000` add up; else `--seeds` from `--first` on. */
function chosenSeeds(): string[] {
  const { fresh, list, known, first, seeds } = options;
  const chosen = list?.split(',') ?? [];
  if (known) chosen.push(...KNOWN_SEEDS.map(([seed]) => seed));
  if (fresh !== undefined) {
    const name = Date.now().toString(36);
    for (let i = 0; i < Number(fresh); i++) chosen.push(`${name}-${i}`);
  }
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
  const { seeds, events, calls, faults, bytes, virtualMs } = totals;
  process.exitCode = failed.length > 0 ? 1 : 0;
  if (process.send !== undefined) {
    process.send({ totals, failed: failed.length });
    process.disconnect();
    return;
  }
  console.log(
    `${seeds} seeds in ${seconds().toFixed(1)} s: ${events} events, ${calls} calls of the API, ` +
      `${faults} faults, ${(bytes / 1e6).toFixed(0)} MB, ` +
      `${(virtualMs / 3_600_000).toFixed(0)} virtual hours; ${failed.length} failed`,
  );
}

void main();
