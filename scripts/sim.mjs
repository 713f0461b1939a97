// Runs seeds of the simulation, on two cores: `npm run sim -- --seeds 20000`. One seed is shown by
// `npm run sim -- --seed 7 --trace`. CI: `npm run sim -- --known --fresh 1000`.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { projectRoot } from './lib/files.mjs';

const BAR_WIDTH = 30;
const JOBS = 2;
/** Where nobody looks at a terminal, a line for each part of this size. */
const LINE_EVERY = 0.05;
/** A seed takes a fraction of a second; one that takes this long hangs. */
const HANG_MS = 180_000;
const program = join(projectRoot, 'build/test/sim/workload/main.js');
const startedAt = performance.now();

const argv = process.argv.slice(2);
const single = argv.includes('--seed');
// Source maps make each error dear; they are for those who read its stack.
const execArgv = ['--expose-gc', ...(single ? ['--enable-source-maps'] : [])];
const jobs = single ? 1 : JOBS;
const state = Array.from({ length: jobs }, () => ({ done: 0, all: 0, failed: 0, totals: {} }));

const sum = (field) => state.reduce((total, one) => total + (field(one) ?? 0), 0);
const seconds = () => (performance.now() - startedAt) / 1000;
let written = 0;

function drawBar() {
  const done = sum((one) => one.done);
  const all = sum((one) => one.all);
  if (single || done === 0 || done === written) return;
  const part = done / all;
  const bar = '#'.repeat(Math.round(part * BAR_WIDTH)).padEnd(BAR_WIDTH, '.');
  const left = ((seconds() / part) * (1 - part)).toFixed(0);
  const text = `[${bar}] ${done}/${all} seeds, ${sum((one) => one.failed)} failed, ${left} s left`;
  if (process.stderr.isTTY) process.stderr.write(`\r${text}   `);
  else if ((done - written) / all < LINE_EVERY && done !== all) return;
  else process.stderr.write(`${text}\n`);
  written = done;
}

/** Ends a process that is stuck in one seed, and says in which. */
function watch(child, mine) {
  return setInterval(() => {
    if (single || performance.now() - mine.heardAt < HANG_MS) return;
    mine.failed++;
    const { seed } = mine;
    console.log(`\nseed ${seed} HANGS; to see it again: npm run sim -- --seed ${seed} --trace`);
    child.kill('SIGKILL');
  }, 1000);
}

async function runJob(mine, index) {
  const share = single ? [] : ['--share', `${index}/${jobs}`];
  const child = fork(program, [...argv, ...share], { execArgv, cwd: projectRoot });
  mine.heardAt = performance.now();
  child.on('message', (message) => {
    Object.assign(mine, message, { heardAt: performance.now() });
    drawBar();
  });
  const timer = watch(child, mine);
  const [status] = await once(child, 'exit');
  clearInterval(timer);
  return status ?? 1;
}

/** What happened how often, in all processes together. */
function printCensus() {
  const counts = new Map();
  for (const [what, times] of state.flatMap((one) => one.census ?? [])) {
    counts.set(what, (counts.get(what) ?? 0) + times);
  }
  for (const [what, times] of [...counts].sort(([a], [b]) => (a < b ? -1 : 1))) {
    console.log(`${String(times).padStart(10)}  ${what}`);
  }
}

if (argv.includes('--fresh') && !argv.includes('--name')) {
  const name = Date.now().toString(36);
  argv.push('--name', name);
  const again = `npm run sim -- --fresh ${argv[argv.indexOf('--fresh') + 1]} --name ${name}`;
  console.log(`fresh seeds are ${name}-0, ${name}-1, …; all of them again: ${again}`);
}
const statuses = await Promise.all(state.map(runJob));
const total = (name) => sum((one) => one.totals[name]);
process.stderr.write(process.stderr.isTTY ? '\n' : '');
if (argv.includes('--census')) printCensus();
console.log(
  `${total('seeds')} seeds in ${seconds().toFixed(1)} s: ${total('events')} events, ` +
    `${total('calls')} calls of the API, ${total('faults')} faults, ` +
    `${(total('bytes') / 1e6).toFixed(0)} MB, ` +
    `${(total('virtualMs') / 3_600_000).toFixed(0)} virtual hours; ` +
    `${sum((one) => one.failed)} failed`,
);
process.exitCode = statuses.some((status) => status !== 0) ? 1 : 0;
