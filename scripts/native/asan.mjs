// npm run native:asan: runs the native tests on a binary with the address and undefined-behaviour
// sanitizers in it. Undefined behaviour ends the process that met it; an address report is also
// found when a test overlooks the end of a child process of its own.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { compile, hostCompiler } from './compile.mjs';
import { BuildProblem, run } from './fail.mjs';
import { ROOT } from './source.mjs';

const BINARY = join(ROOT, 'build/Asan/barewire.node');
const TESTS = join(ROOT, 'build/test/native');

const FLAGS = [
  '-fsanitize=address,undefined',
  '-fno-sanitize-recover=all',
  '-fno-omit-frame-pointer',
  '-O1',
];

/** @param {string} compiler */
function runtime(compiler) {
  const asked = spawnSync(compiler, ['-print-file-name=libasan.so'], { encoding: 'utf8' });
  const library = asked.stdout?.trim() ?? '';
  if (isAbsolute(library) && existsSync(library)) return library;
  throw new BuildProblem(`${compiler} has no libasan.so. Use gcc (Debian: apt-get install gcc).`);
}

/** @returns {string[]} */
function testFiles() {
  const names = existsSync(TESTS) ? readdirSync(TESTS) : [];
  const files = names.filter((name) => name.endsWith('.test.js')).map((name) => join(TESTS, name));
  if (files.length > 0) return files;
  throw new BuildProblem('There are no compiled native tests in build/test/native.');
}

/** @param {string} library @param {string} reports */
function environment(library, reports) {
  const log = `log_path=${join(reports, 'report')}`;
  return {
    ...process.env,
    BAREWIRE_NATIVE: BINARY,
    // Node itself is not compiled with the sanitizer, so its runtime has to be there first.
    LD_PRELOAD: library,
    // Node does not free everything when it exits; those leaks are not ours.
    ASAN_OPTIONS: `detect_leaks=0:${log}`,
    UBSAN_OPTIONS: 'print_stacktrace=1',
  };
}

/** @param {string} reports @returns {string[]} */
function readReports(reports) {
  return readdirSync(reports).map((name) => readFileSync(join(reports, name), 'utf8'));
}

await run(() => {
  const compiler = hostCompiler();
  const library = runtime(compiler);
  const files = testFiles();
  compile(BINARY, { compiler, strict: true, debug: true, extra: FLAGS });
  const folder = mkdtempSync(join(tmpdir(), 'barewire-asan-'));
  try {
    const options = { cwd: ROOT, stdio: 'inherit', env: environment(library, folder) };
    const { status } = spawnSync(process.execPath, ['--test', ...files], options);
    const reports = readReports(folder);
    for (const report of reports) console.error(report);
    if (reports.length > 0) throw new BuildProblem(`${reports.length} sanitizer report(s)`);
    if (status !== 0) throw new BuildProblem('The native tests failed under the sanitizers.');
    console.log('no sanitizer report');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
