// Runs seeds of the simulation, on two cores: `npm run sim -- --seeds 20000`. One seed is shown by
// `npm run sim -- --seed 7 --trace`. CI: `npm run sim -- --known --fresh 1000`.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { projectRoot } from './lib/files.mjs';

const BAR_WIDTH = 30;
const JOBS = 2;
const program = join(projectRoot, 'build/test/sim/workload/main.js');
const startedAt = performance.now();

const argv = process.argv.slice(2);
const single = argv.includes('--seed');
// Source maps make each error dear; they are for those who read its stack.
const execArgv = ['--expose-gc', ...(single ? ['--enable-source-maps'] : [])];
const jobs = single ? 1 : JOBS;
const count = (flag) => Number(argv[argv.indexOf(flag) + 1]) || 0;
const wanted = argv.includes('--fresh') ? count('--fresh') : count('--seeds') || 200;
const state = Array.from({ length: jobs }, () => ({ done: 0, failed: 0, totals: {} }));

const sum = (field) => state.reduce((total, one) => total + (field(one) ?? 0), 0);
const seconds = () => (performance.now() - startedAt) / 1000;

function drawBar() {
  const done = sum((one) => one.done);
  if (!process.stderr.isTTY || single || done % 20 !== 0 || done === 0) return;
  const part = Math.min(done / wanted, 1);
  const bar = '#'.repeat(Math.round(part * BAR_WIDTH)).padEnd(BAR_WIDTH, '.');
  const left = (seconds() / part) * (1 - part);
  const failed = sum((one) => one.failed);
  const text = `[${bar}] ${done}/${wanted} seeds, ${failed} failed, ${left.toFixed(0)} s left`;
  process.stderr.write(`\r${text}   `);
}

async function runJob(mine, index) {
  const share = single ? [] : ['--share', `${index}/${jobs}`];
  const child = fork(program, [...argv, ...share], {
    execArgv,
    cwd: projectRoot,
    ...(single ? { stdio: ['inherit', 'inherit', 'inherit', 'ipc'] } : {}),
  });
  child.on('message', (message) => {
    Object.assign(mine, message);
    drawBar();
  });
  const [status] = await once(child, 'exit');
  return status ?? 1;
}

const statuses = await Promise.all(state.map(runJob));
const total = (name) => sum((one) => one.totals[name]);
process.stderr.write(process.stderr.isTTY ? '\n' : '');
console.log(
  `${total('seeds')} seeds in ${seconds().toFixed(1)} s: ${total('events')} events, ` +
    `${total('calls')} calls of the API, ${total('faults')} faults, ` +
    `${(total('bytes') / 1e6).toFixed(0)} MB, ` +
    `${(total('virtualMs') / 3_600_000).toFixed(0)} virtual hours; ` +
    `${sum((one) => one.failed)} failed`,
);
process.exitCode = statuses.some((status) => status !== 0) ? 1 : 0;
