// `npm run clients`: real packages on the built-in `net` and on this package's, side by side.
// `npm run clients -- redis ws` picks those whose file name contains a word; `--show` prints what
// each scenario gave.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { certificate } from '../test/clients/kit/certificate.mjs';
import { compare } from '../test/clients/kit/run.mjs';
import { SERVERS } from '../test/clients/kit/servers.mjs';
import { listFiles, projectRoot } from './lib/files.mjs';

const folder = join(projectRoot, 'test/clients');

/** The packages are installed at first use, from their own lockfile. */
function install() {
  const marker = join(folder, 'node_modules/.package-lock.json');
  if (existsSync(marker)) return;
  console.log('Installing the packages of test/clients …');
  execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: folder,
    stdio: 'inherit',
  });
}

function versionOf(name) {
  const path = join(folder, 'node_modules', name, 'package.json');
  return JSON.parse(readFileSync(path, 'utf8')).version;
}

function scenarioFiles(words) {
  return listFiles(folder, 'scenarios')
    .filter((path) => words.length === 0 || words.some((word) => path.includes(word)))
    .map((path) => join(folder, path));
}

function cell(outcome, fine) {
  if (outcome.error !== undefined) return 'FAILED';
  return fine ? `ok, ${outcome.ms} ms` : 'differs';
}

async function runFile(file, count) {
  const { packages, server: kind, scenarios, core = [] } = await import(pathToFileURL(file).href);
  const server = kind === undefined ? null : await SERVERS[kind]();
  const rows = [];
  try {
    for (const name of Object.keys(scenarios)) {
      const inCore = core.includes(name);
      const { builtin, ours, problem } = await compare(file, name, server, certificate(), inCore);
      const [main] = packages;
      const row = { package: main, version: versionOf(main) };
      row.server = server?.about.version ?? packages.slice(1).join(', ');
      row.scenario = name;
      row['built-in'] = cell(builtin, true);
      row.ours = cell(ours, problem === null) + (inCore ? ' (core connects)' : '');
      rows.push(row);
      count.done++;
      const mark = problem === null ? 'ok    ' : 'FAILED';
      console.log(`[${count.done}] ${mark} ${packages.join(' + ')}: ${name}`);
      if (show) console.log(`    ${JSON.stringify(ours).slice(0, 600)}`);
      if (problem !== null) console.log(problem.replace(/^/gm, '    '));
      count.failed += problem === null ? 0 : 1;
    }
  } finally {
    await server?.stop();
  }
  return rows;
}

const show = process.argv.includes('--show');
install();
const count = { done: 0, failed: 0 };
const words = process.argv.slice(2).filter((word) => word !== '--show');
const rows = [];
for (const file of scenarioFiles(words)) rows.push(...(await runFile(file, count)));
console.table(rows);
console.log(`${count.done - count.failed} of ${count.done} scenarios are the same on both`);
if (count.failed > 0 || count.done === 0) process.exitCode = 1;
