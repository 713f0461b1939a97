// Runs the compiled tests with Node's own runner: `npm test -- [part of a file name]… [--test-…]`.
// The files are listed from the sources, so a stale file in build/ never runs.
// With --once-more a file that failed runs again, alone: what fails only beside other tests on a
// loaded machine is named as such, and does not fail the run. What fails twice does.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { isAbsolute, join, relative } from 'node:path';
import { listFiles, projectRoot } from './lib/files.mjs';
import { sortArguments } from './lib/test-arguments.mjs';

// Tests measure time and count connections; more than two at once disturb each other.
const CONCURRENCY = 2;
// A hanging file fails instead of holding up the run.
const FILE_TIMEOUT_MS = 300_000;

function testFiles(filters) {
  const sources = [...listFiles(projectRoot, 'test'), ...listFiles(projectRoot, 'src')];
  return sources
    .filter((path) => path.endsWith('.test.ts'))
    .filter((path) => filters.length === 0 || filters.some((part) => path.includes(part)))
    .map((path) => join('build', path.replace(/\.ts$/, '.js')));
}

function fail(message) {
  console.error(message);
  process.exit(1);
}

/** Runs the files. Returns the exit code, and the files in which something failed. */
function run(files, flags, concurrency) {
  const scratch = mkdtempSync(join(tmpdir(), 'tests-'));
  const failedList = join(scratch, 'failed');
  const args = ['--enable-source-maps', '--test', '--test-reporter=spec'];
  args.push('--test-reporter-destination=stdout');
  args.push(`--test-reporter=${join(projectRoot, 'scripts/lib/failed-files-reporter.mjs')}`);
  args.push(`--test-reporter-destination=${failedList}`);
  args.push(`--test-concurrency=${concurrency}`, `--test-timeout=${FILE_TIMEOUT_MS}`);
  const options = { cwd: projectRoot, stdio: 'inherit' };
  const result = spawnSync(process.execPath, [...args, ...flags, ...files], options);
  if (result.error) throw result.error;
  const failed = existsSync(failedList) ? readFileSync(failedList, 'utf8').split('\n') : [];
  rmSync(scratch, { recursive: true, force: true });
  const code = result.status ?? 128 + constants.signals[result.signal];
  return { code, failed: failed.filter(Boolean).map(compiledPath) };
}

/** Source maps make the runner name a file by its source. */
function compiledPath(path) {
  const inside = isAbsolute(path) ? relative(projectRoot, path) : path;
  return inside.endsWith('.ts') ? join('build', inside.replace(/\.ts$/, '.js')) : inside;
}

/** The files that failed, each alone. */
function runOnceMore(failed, flags) {
  console.log(`\nFailed beside other tests; once more, alone:\n  ${failed.join('\n  ')}\n`);
  const again = run(failed, flags, 1);
  if (again.code === 0) {
    console.log(`\nFAILED ONLY UNDER LOAD, passed alone:\n  ${failed.join('\n  ')}`);
  }
  return again.code;
}

const { flags: allFlags, filters } = sortArguments(process.argv.slice(2));
const flags = allFlags.filter((flag) => flag !== '--once-more');
const files = testFiles(filters);
if (files.length === 0) fail(`no test file matches: ${filters.join(' ') || '(there are none)'}`);
const missing = files.filter((path) => !existsSync(join(projectRoot, path)));
if (missing.length > 0) fail(`not built, run 'npm run build': ${missing.join(' ')}`);

const first = run(files, flags, CONCURRENCY);
const known = first.failed.filter((path) => files.includes(path));
const retry = first.code !== 0 && allFlags.includes('--once-more') && known.length > 0;
process.exitCode = retry ? runOnceMore(known, flags) : first.code;
