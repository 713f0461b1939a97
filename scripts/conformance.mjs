// npm run conformance -- --tests DIR [--node BIN|VERSION]... [--harness DIR] [--extra] [--repeat N]
// Runs Node's own net tests on dist/node.js. DIR is where the harness's extract.sh put the tree
// (the folder that holds node25); the tree is never part of this repository.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
const POLL_MS = 400;
const BAR_COLUMNS = 40;

const { values } = parseArgs({
  options: {
    tests: { type: 'string' },
    node: { type: 'string', multiple: true, default: [process.execPath] },
    harness: { type: 'string', default: join(ROOT, '..', 'shared', 'conformance') },
    filter: { type: 'string' },
    jobs: { type: 'string', default: '2' },
    repeat: { type: 'string', default: '1' },
    extra: { type: 'boolean', default: false },
  },
});

function fail(message) {
  console.error(message);
  process.exit(2);
}

/** The folder that holds node25: the one given, or its parent where node25 itself was given. */
function treeFolder() {
  if (values.tests === undefined) fail('--tests DIR is missing: where extract.sh put the tests');
  const given = resolve(values.tests);
  const folder = basename(given) === 'node25' ? dirname(given) : given;
  if (!existsSync(join(folder, 'node25', 'COMMIT.txt'))) fail(`${folder} has no node25 in it`);
  return folder;
}

function testCount(folder) {
  return ['parallel', 'sequential', 'pummel']
    .flatMap((part) => readdirSync(join(folder, 'node25', 'test', part)))
    .filter((name) => /^test-net-.*\.(c|m)?js$/.test(name)).length;
}

/** How many tests the newest run has begun: the harness makes a folder for each. */
function begun(folder, before) {
  const runs = join(folder, 'runs');
  if (!existsSync(runs)) return 0;
  const run = readdirSync(runs).find((name) => !before.has(name));
  if (run === undefined) return 0;
  return readdirSync(join(runs, run)).filter((name) => name.endsWith('.d')).length;
}

function drawBar(done, total) {
  if (!process.stderr.isTTY) return;
  const filled = Math.min(Math.round((done / total) * BAR_COLUMNS), BAR_COLUMNS);
  const bar = '#'.repeat(filled).padEnd(BAR_COLUMNS, '.');
  process.stderr.write(`\r[${bar}] ${Math.min(done, total)}/${total}`);
}

function harnessArguments(folder, node, json) {
  const args = [join(values.harness, 'run.mjs'), '--impl', join(ROOT, 'dist', 'node.js')];
  args.push('--node', node, '--conf-dir', folder, '--json', json, '--quiet');
  args.push('--jobs', values.jobs, '--repeat', values.repeat);
  if (values.filter) args.push('--filter', values.filter);
  if (values.extra) args.push('--extra');
  return args;
}

/** Runs the harness once. Tests that want localhost to be ::1 too get that where root runs this. */
async function run(folder, node) {
  const json = join(mkdtempSync(join(tmpdir(), 'conformance-')), 'result.json');
  const total = testCount(folder) * Number(values.repeat);
  const runs = join(folder, 'runs');
  const before = new Set(existsSync(runs) ? readdirSync(runs) : []);
  const wrapper = process.getuid() === 0 ? [join(values.harness, 'with-ipv6-localhost.sh')] : [];
  const [command, ...args] = [
    ...wrapper,
    process.execPath,
    ...harnessArguments(folder, node, json),
  ];
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const output = [];
  child.stdout.on('data', (chunk) => output.push(chunk));
  const timer = setInterval(() => drawBar(begun(folder, before), total), POLL_MS);
  const code = await new Promise((done) => child.once('close', done));
  clearInterval(timer);
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  console.log(Buffer.concat(output).toString());
  return { code, tests: existsSync(json) ? JSON.parse(readFileSync(json, 'utf8')) : null };
}

function printRest({ tests }) {
  const rows = tests?.results ?? tests?.tests ?? [];
  for (const row of rows.filter(({ status }) => !['pass', 'excluded'].includes(status))) {
    console.log(`${row.status}: ${row.file}  ${row.why ?? ''}`);
  }
}

const folder = treeFolder();
if (!existsSync(join(values.harness, 'run.mjs'))) fail(`${values.harness} has no run.mjs in it`);
let worst = 0;
for (const node of values.node) {
  const result = await run(folder, node);
  printRest(result);
  worst = Math.max(worst, result.code ?? 1);
}
process.exit(worst);
