// `npm run sim:planted`: plants each bug of scripts/planted/list.mjs in a copy of the library and
// counts the seeds until the simulation finds it. Fails where one is not found. A run of all of
// them writes the table of docs/PLANTED-BUGS.md; `npm run sim:planted -- 3 7` runs only some.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from './lib/files.mjs';
import planted from './planted/list.mjs';

const SEEDS_MAX = 1000;
const TIMEOUT_MS = 600_000;
const DOCUMENT = join(projectRoot, 'docs/PLANTED-BUGS.md');
const TABLE = /<!-- table: begin -->\n.*<!-- table: end -->/s;
const PROBLEM_CHARACTERS = 100;
const TSC = join(projectRoot, 'node_modules/typescript/bin/tsc');
const COPIED = ['build', 'dist', 'native', 'package.json', 'prebuilds', 'src'];
const CONFIGS = ['tsconfig.base.json', 'tsconfig.src.json'];

function makeCopy() {
  const root = mkdtempSync(join(tmpdir(), 'barewire-planted-'));
  for (const path of [...COPIED, ...CONFIGS]) {
    cpSync(join(projectRoot, path), join(root, path), { recursive: true });
  }
  symlinkSync(join(projectRoot, 'node_modules'), join(root, 'node_modules'));
  return root;
}

/** Puts a bug into the copy; type errors do not matter. */
function plant(root, { file, find, replace }) {
  const text = readFileSync(join(projectRoot, file), 'utf8');
  const places = text.split(find).length - 1;
  if (places !== 1) throw new Error(`${file} has the snippet ${places} times, not once`);
  writeFileSync(
    join(root, file),
    text.replace(find, () => replace),
  );
  spawnSync(process.execPath, [TSC, '-b', 'tsconfig.src.json'], { cwd: root });
}

function restore(root, { file }) {
  cpSync(join(projectRoot, file), join(root, file));
}

/** `{seed, problem}`, the seed null where nothing was found. */
function hunt(root) {
  const program = join(root, 'build/test/sim/workload/main.js');
  const args = [
    '--expose-gc',
    program,
    '--seeds',
    String(SEEDS_MAX),
    '--stop-at-first',
    '--no-shrink',
  ];
  const { stdout, stderr, signal } = spawnSync(process.execPath, args, {
    cwd: root,
    encoding: 'utf8',
    timeout: TIMEOUT_MS,
    killSignal: 'SIGKILL',
  });
  const seed = stdout.match(/seed (\S+) FAILED/)?.[1] ?? null;
  const problem = stdout.split('\n').find((line) => line.startsWith('  ')) ?? stderr.slice(0, 200);
  return { seed, problem: signal ? `${signal} ${problem}` : problem.trim() };
}

/** A problem as a cell of a table. */
function cell(problem) {
  const text = problem.replaceAll('|', '/').replace(/^[\d.]+ ms: /, '');
  return text.length > PROBLEM_CHARACTERS ? `${text.slice(0, PROBLEM_CHARACTERS)}…` : text;
}

function writeTable(rows, furthest) {
  const text = readFileSync(DOCUMENT, 'utf8');
  if (!TABLE.test(text)) throw new Error(`${DOCUMENT} has no place for the table`);
  const lines = [
    '<!-- table: begin -->',
    '| | bug | found by | how it shows |',
    '|---|---|---|---|',
    ...rows,
    '',
    `${rows.length} bugs, each found within ${furthest + 1} seeds.`,
    '<!-- table: end -->',
  ];
  writeFileSync(
    DOCUMENT,
    text.replace(TABLE, () => lines.join('\n')),
  );
}

const wanted = process.argv.slice(2);
const root = makeCopy();
const rows = [];
let furthest = 0;
let missed = 0;
try {
  for (const [index, bug] of planted.entries()) {
    if (wanted.length > 0 && !wanted.includes(String(index + 1))) continue;
    plant(root, bug);
    const { seed, problem } = hunt(root);
    restore(root, bug);
    if (seed === null) missed++;
    else furthest = Math.max(furthest, Number(seed));
    const verdict = seed === null ? 'NOT FOUND' : `seed ${seed}`;
    rows.push(`| ${index + 1} | ${bug.name} | ${verdict} | ${cell(problem)} |`);
    console.log(rows.at(-1));
  }
} finally {
  rmSync(root, { recursive: true, force: true });
}
if (wanted.length === 0 && missed === 0) writeTable(rows, furthest);
process.exitCode = missed > 0 ? 1 : 0;
