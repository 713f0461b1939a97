// Runs the compiled tests with Node's own runner: `npm test -- [part of a file name]… [--test-…]`.
// The files are listed from the sources, so a stale file in build/ never runs.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
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

const { flags, filters } = sortArguments(process.argv.slice(2));
const files = testFiles(filters);
if (files.length === 0) fail(`no test file matches: ${filters.join(' ') || '(there are none)'}`);
const missing = files.filter((path) => !existsSync(join(projectRoot, path)));
if (missing.length > 0) fail(`not built, run 'npm run build': ${missing.join(' ')}`);

const result = spawnSync(
  process.execPath,
  [
    '--enable-source-maps',
    '--test',
    '--test-reporter=spec',
    `--test-concurrency=${CONCURRENCY}`,
    `--test-timeout=${FILE_TIMEOUT_MS}`,
    ...flags,
    ...files,
  ],
  { cwd: projectRoot, stdio: 'inherit' },
);
if (result.error) throw result.error;
process.exitCode = result.status ?? 128 + constants.signals[result.signal];
