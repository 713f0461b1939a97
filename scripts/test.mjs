// Runs the compiled tests with Node's own runner: `npm test -- [part of a file name]… [--test-…]`.
// Those that take longest are in files `*.long.test.ts`: --long runs these only, --all runs both.
// The files are listed from the sources, so a stale file in build/ never runs.
// With --once-more a test that failed runs again, alone: what fails only beside other tests on a
// loaded machine is named as such, and does not fail the run. What fails twice does.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { listFiles, projectRoot } from './lib/files.mjs';
import { sortArguments } from './lib/test-arguments.mjs';

// Tests measure time and count connections; more than two at once disturb each other.
const CONCURRENCY = 2;
// A hanging file fails instead of holding up the run.
const FILE_TIMEOUT_MS = 600_000;

const { flags: allFlags, filters } = sortArguments(process.argv.slice(2));
const MODES = ['--long', '--all', '--once-more'];
const NOT_INSTALLED = 'not installed: ';

/** Whether this run has the file: `npm run test:long` has what `npm test` has not. */
function isChosen(path) {
  if (allFlags.includes('--all')) return true;
  return path.endsWith('.long.test.ts') === allFlags.includes('--long');
}

function testFiles(filters) {
  const sources = [...listFiles(projectRoot, 'test'), ...listFiles(projectRoot, 'src')];
  return sources
    .filter((path) => path.endsWith('.test.ts') && isChosen(path))
    .filter((path) => filters.length === 0 || filters.some((part) => path.includes(part)))
    .map((path) => join('build', path.replace(/\.ts$/, '.js')));
}

function fail(message) {
  console.error(message);
  process.exit(1);
}

/** One line on the programs that this machine lacks, and what that means. */
function nameMissing(ended) {
  const notes = ended.flatMap(({ missing }) => missing ?? []);
  if (notes.length === 0) return;
  const tools = new Set(notes.flatMap((note) => note.slice(NOT_INSTALLED.length).split(', ')));
  console.log(
    `\nNot installed: ${[...tools].sort().join(', ')}. Node's own net was the peer instead; ` +
      'what it can not stand in for was skipped.',
  );
}

/** Runs the files. Returns the exit code, and `[{name, passed}]` of the tests that ended. */
function run(files, flags, concurrency) {
  const scratch = mkdtempSync(join(tmpdir(), 'tests-'));
  const list = join(scratch, 'ended');
  const args = ['--enable-source-maps', '--test', '--test-reporter=spec'];
  args.push('--test-reporter-destination=stdout');
  args.push(`--test-reporter=${join(projectRoot, 'scripts/lib/failed-tests-reporter.mjs')}`);
  args.push(`--test-reporter-destination=${list}`);
  args.push(`--test-concurrency=${concurrency}`, `--test-timeout=${FILE_TIMEOUT_MS}`);
  const options = { cwd: projectRoot, stdio: 'inherit' };
  const result = spawnSync(process.execPath, [...args, ...flags, ...files], options);
  if (result.error) throw result.error;
  const lines = existsSync(list) ? readFileSync(list, 'utf8').split('\n').filter(Boolean) : [];
  rmSync(scratch, { recursive: true, force: true });
  const ended = lines.map((line) => JSON.parse(line));
  nameMissing(ended);
  const code = result.status ?? 128 + constants.signals[result.signal];
  return { code, ended: ended.filter(({ name }) => name !== undefined) };
}

function escaped(name) {
  return name.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}

/** The tests that failed, by name, and whole files that did, with nothing beside them. */
function runOnceMore(names, files, flags) {
  console.log(`\nFailed beside other tests; once more, alone:\n  ${names.join('\n  ')}\n`);
  const whole = files.filter((path) => names.some((name) => name.endsWith(path)));
  const patterns = names.map((name) => `--test-name-pattern=^${escaped(name)}$`);
  const again = run(files, [...flags, ...patterns], 1);
  const alone = whole.length > 0 ? run(whole, flags, 1) : { code: 0, ended: [] };
  const passed = new Set(again.ended.filter((test) => test.passed).map(({ name }) => name));
  const proven = names.every(
    (name) => passed.has(name) || whole.some((path) => name.endsWith(path)),
  );
  if (again.code !== 0 || alone.code !== 0 || !proven) return again.code || alone.code || 1;
  console.log(`\nFAILED ONLY UNDER LOAD, passed alone:\n  ${names.join('\n  ')}`);
  return 0;
}

const flags = allFlags.filter((flag) => !MODES.includes(flag));
const files = testFiles(filters);
if (files.length === 0) {
  const other = allFlags.includes('--long') ? 'npm test' : 'npm run test:long';
  fail(`no test file matches: ${filters.join(' ')}. The others: ${other}`);
}
const missing = files.filter((path) => !existsSync(join(projectRoot, path)));
if (missing.length > 0) fail(`not built, run 'npm run build': ${missing.join(' ')}`);

const first = run(files, flags, CONCURRENCY);
const failed = first.ended.filter((test) => !test.passed).map(({ name }) => name);
const retry = first.code !== 0 && allFlags.includes('--once-more') && failed.length > 0;
process.exitCode = retry ? runOnceMore([...new Set(failed)], files, flags) : first.code;
