// `npm run clients`: real packages on the built-in `net` and on this package's, side by side.
// `npm run clients -- redis ws` picks those whose file name contains a word; `--show` prints what
// each scenario gave. `--node 22` (a version of the matrix) or `--node PATH` runs the scenarios on
// another Node. With `--once-more` a scenario that failed runs again, alone: what fails only beside
// others on a loaded machine is named as such, and does not fail the run.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { certificate } from '../test/clients/kit/certificate.mjs';
import { groupsOf } from '../test/clients/kit/plan.mjs';
import { compare } from '../test/clients/kit/run.mjs';
import { SERVERS } from '../test/clients/kit/servers.mjs';
import { listFiles, projectRoot } from './lib/files.mjs';
import { nodeFolder, selectVersions } from './lib/node-releases.mjs';
import { sideBySide } from './lib/side-by-side.mjs';

const folder = join(projectRoot, 'test/clients');

/** Groups that run at once. Much of the time a scenario waits for its server. */
const LANES = 3;

const { values: options, positionals: words } = parseArgs({
  allowPositionals: true,
  options: {
    node: { type: 'string' },
    show: { type: 'boolean', default: false },
    'once-more': { type: 'boolean', default: false },
  },
});

/** The packages are installed at first use, and when their lockfile has changed. */
function install() {
  const lock = readFileSync(join(folder, 'package-lock.json'), 'utf8');
  const marker = join(folder, 'node_modules/.package-lock.json');
  const wanted = JSON.parse(lock).packages[''].dependencies;
  const installed = existsSync(marker) ? JSON.parse(readFileSync(marker, 'utf8')).packages : {};
  const has = (name) => installed[`node_modules/${name}`]?.version === wanted[name];
  if (Object.keys(wanted).every(has)) return;
  console.log('Installing the packages of test/clients …');
  // The newest OpenTelemetry packages do not agree on the version of their API.
  const flags = ['--legacy-peer-deps', '--ignore-scripts', '--omit=optional'];
  execFileSync('npm', ['ci', ...flags, '--no-audit', '--no-fund'], {
    cwd: folder,
    stdio: 'inherit',
  });
}

/** The program that runs the scenarios: this one, or the one asked for. */
function nodeProgram(asked) {
  if (asked === undefined) return process.execPath;
  if (asked.includes('/')) return resolve(asked);
  return join(nodeFolder(selectVersions([asked]).at(-1)), 'node');
}

/** Packages that do not run on the Node asked for run on the lowest line that they run on. */
function nodeFor(job) {
  if (job.node <= major) return node;
  return join(nodeFolder(selectVersions([String(job.node)]).at(-1)), 'node');
}

function versionOf(name) {
  const path = join(folder, 'node_modules', name, 'package.json');
  return JSON.parse(readFileSync(path, 'utf8')).version;
}

function scenarioFiles() {
  return listFiles(folder, 'scenarios')
    .filter((path) => words.length === 0 || words.some((word) => path.includes(word)))
    .map((path) => join(folder, path));
}

function cell(outcome, fine) {
  if (outcome.error !== undefined) return 'FAILED';
  return fine ? `ok, ${outcome.ms} ms` : 'differs';
}

function remark(inCore, lowest) {
  return (inCore ? ' (core connects)' : '') + (lowest > major ? ` (on Node ${lowest})` : '');
}

function report(job, server, { builtin, ours, problem }, count) {
  const { packages, name, inCore } = job;
  const [main] = packages;
  count.done++;
  const mark = problem === null ? 'ok    ' : 'FAILED';
  console.log(`[${count.done}] ${mark} ${packages.join(' + ')}: ${name}`);
  if (options.show) console.log(`    ${JSON.stringify(ours).slice(0, 600)}`);
  if (problem !== null) console.log(problem.replace(/^/gm, '    '));
  const row = {
    package: main,
    version: versionOf(main),
    server: server?.about.version ?? packages.slice(1).join(', '),
    scenario: name,
    'built-in': cell(builtin, true),
    ours: cell(ours, problem === null) + remark(inCore, job.node),
  };
  return { job, row, failed: problem !== null };
}

async function runGroup({ server: kind, jobs }, count) {
  let server = null;
  const results = [];
  try {
    server = kind === null ? null : await SERVERS[kind]();
    for (const job of jobs) {
      const outcome = await compare(job, server, certificate(), nodeFor(job));
      results.push(report(job, server, outcome, count));
    }
  } catch (error) {
    // A server that does not start fails its scenarios, not those of the others.
    const outcome = { builtin: { error }, ours: { error }, problem: String(error) };
    const left = jobs.slice(results.length);
    results.push(...left.map((job) => report(job, server, outcome, count)));
  } finally {
    await server?.stop();
  }
  return results;
}

/** Runs what failed again, nothing beside it. Gives back what failed again. */
async function runOnceMore(failed) {
  console.log(`\n${failed.length} failed beside others; once more, alone:`);
  const count = { done: 0 };
  const still = [];
  for (const { job, row } of failed) {
    const [again] = await runGroup({ server: job.server, jobs: [job] }, count);
    if (again.failed) still.push(again);
    else Object.assign(row, again.row, { ours: `${again.row.ours} (alone)` });
  }
  const passed = failed.filter(({ job }) => !still.some((one) => one.job === job));
  for (const { job } of passed) {
    console.log(`FAILED ONLY UNDER LOAD, passed alone: ${job.packages[0]}: ${job.name}`);
  }
  return still;
}

install();
const node = nodeProgram(options.node);
const version = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim();
const major = Number(/\d+/.exec(version));
const begin = performance.now();
const groups = await groupsOf(scenarioFiles());
const count = { done: 0 };
const results = (await sideBySide(groups, LANES, (group) => runGroup(group, count))).flat();
const first = results.filter(({ failed }) => failed);
const failed = options['once-more'] && first.length > 0 ? await runOnceMore(first) : first;
console.table(results.map(({ row }) => row));
const seconds = Math.round((performance.now() - begin) / 1000);
const same = `${results.length - failed.length} of ${results.length} scenarios`;
console.log(`${same} are the same on both; Node ${version}, ${seconds} s`);
if (failed.length > 0 || results.length === 0) process.exitCode = 1;
