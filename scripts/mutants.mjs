// `npm run mutants [-- C014 …]`: breaks the library on purpose, once for each entry in
// scripts/mutants/, in a copy, and expects the tests of that entry's row to fail. An entry whose
// snippet is not in the source exactly once (any more) is an error, as is one that nothing notices.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { listFiles, projectRoot } from './lib/files.mjs';
import { readRows, runRows, selectRows } from './lib/rows.mjs';

const COPIED = [
  'build',
  'dist',
  'docs/CONTRACT.md',
  'examples',
  'native',
  'package.json',
  'prebuilds',
  'src',
  'test',
  'tsconfig.base.json',
  'tsconfig.src.json',
];
const COPIES = 2;
// What a sound test waits for comes much sooner; what a mutant keeps back never comes.
const WAIT_MS = 2500;
const TIMEOUT_MS = 40_000;
const TSC = join(projectRoot, 'node_modules/typescript/bin/tsc');

/** `[{row, file, find, replace}]`, in the order of the rows. */
async function readMutants() {
  const lists = [];
  for (const path of listFiles(projectRoot, 'scripts/mutants')) {
    const module = await import(pathToFileURL(join(projectRoot, path)).href);
    lists.push(...module.default);
  }
  return lists.sort((a, b) => (a.row < b.row ? -1 : Number(a.row > b.row)));
}

function makeCopy() {
  const root = mkdtempSync(join(tmpdir(), 'barewire-mutants-'));
  for (const path of COPIED) cpSync(join(projectRoot, path), join(root, path), { recursive: true });
  symlinkSync(join(projectRoot, 'node_modules'), join(root, 'node_modules'));
  return root;
}

function distOf(file) {
  return file.replace(/^src\//, 'dist/').replace(/ts$/, 'js');
}

/** Type errors do not matter: what a mutant leaves unused may stay. */
function compile(root) {
  spawnSync(process.execPath, [TSC, '-b', 'tsconfig.src.json'], { cwd: root });
}

/** Puts one change into a copy. Returns what is wrong with the entry, or null. */
function apply(root, { file, find, replace }) {
  const text = readFileSync(join(projectRoot, file), 'utf8');
  const places = text.split(find).length - 1;
  if (places !== 1) return `its snippet is in ${file} ${places} times, not once`;
  writeFileSync(
    join(root, file),
    text.replace(find, () => replace),
  );
  const before = readFileSync(join(projectRoot, distOf(file)), 'utf8');
  compile(root);
  const after = readFileSync(join(root, distOf(file)), 'utf8');
  return before === after ? 'the change changes nothing in dist/' : null;
}

function restore(root, { file }) {
  cpSync(join(projectRoot, file), join(root, file));
}

/** `{mutant, verdict, detail}`. */
async function test(root, mutant, expected) {
  const problem = apply(root, mutant);
  if (problem !== null) {
    restore(root, mutant);
    return { mutant, verdict: 'ROTTEN', detail: problem };
  }
  const env = { BAREWIRE_TEST_WAIT_MS: String(WAIT_MS) };
  const { results } = await runRows([mutant.row], { root, env, timeoutMs: TIMEOUT_MS });
  restore(root, mutant);
  const mine = results.filter(({ row }) => row === mutant.row);
  const failed = mine.filter(({ passed }) => !passed);
  if (failed.length > 0) {
    return {
      mutant,
      verdict: 'red',
      detail: `${failed.length} of ${expected}: ${failed[0].error}`,
    };
  }
  const detail = `${mine.length} of ${expected} tests passed`;
  return { mutant, verdict: mine.length < expected ? 'CRASHED' : 'NOT SEEN', detail };
}

function print({ mutant, verdict, detail }) {
  const first = detail.split('\n', 1)[0].slice(0, 90);
  console.log(`${mutant.row}  ${verdict.padEnd(8)}  ${mutant.file}  ${first}`);
}

/** Runs all on a few copies at once; prints each as it is done. */
async function testAll(mutants, counts) {
  const waiting = [...mutants];
  const outcomes = [];
  const work = async () => {
    const root = makeCopy();
    try {
      for (let mutant = waiting.shift(); mutant; mutant = waiting.shift()) {
        const outcome = await test(root, mutant, counts.get(mutant.row) ?? 0);
        print(outcome);
        outcomes.push(outcome);
      }
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
  };
  await Promise.all(Array.from({ length: COPIES }, work));
  return outcomes;
}

/** The tests of each row as they are; a row that fails without a mutant proves nothing. */
async function countTests(ids) {
  const { results } = await runRows(ids);
  const failed = results.filter(({ passed }) => !passed);
  if (failed.length > 0) {
    console.error(`without a mutant these fail:\n  ${failed.map(({ name }) => name).join('\n  ')}`);
    process.exit(1);
  }
  const counts = new Map(ids.map((id) => [id, 0]));
  for (const { row } of results) counts.set(row, (counts.get(row) ?? 0) + 1);
  return counts;
}

const rows = selectRows(readRows(), process.argv.slice(2)).filter(({ todo }) => !todo?.all);
const ids = rows.map(({ id }) => id);
const mutants = (await readMutants()).filter(({ row }) => ids.includes(row));
const outcomes = await testAll(mutants, await countTests(ids));
const without = ids.filter((id) => !mutants.some(({ row }) => row === id));
const bad = outcomes.filter(({ verdict }) => verdict !== 'red');
if (without.length > 0) console.log(`\nrows without a mutant: ${without.join(', ')}`);
console.log(`\n${outcomes.length - bad.length} of ${outcomes.length} mutants seen by their rows`);
for (const outcome of bad) print(outcome);
if (bad.length > 0 || without.length > 0) process.exitCode = 1;
