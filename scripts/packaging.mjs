// `npm run packaging`: packs the package, installs it in a clean folder, and uses it from there as
// people do: CommonJS, ES modules, TypeScript, bundles, a single executable, Jest, Vitest; also on
// systems and runtimes where it can not run. With `--once-more` what failed runs again, alone: what
// fails only beside others is named, and does not fail the run.
import { execFile, execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { projectRoot } from './lib/files.mjs';
import { sideBySide } from './lib/side-by-side.mjs';
import { stage } from './stage.mjs';

const tools = join(projectRoot, 'test/packaging');
/** Steps that print what they found. */
const TABLES = new Set(['systems and runtimes', 'what is in it']);
/** Steps at once; each takes about a processor. */
const LANES = 2;
const NPM = ['--ignore-scripts', '--no-audit', '--no-fund'];
const fromRoot = createRequire(join(projectRoot, 'package.json'));
const fromTools = createRequire(join(tools, 'package.json'));

function npm(args, cwd) {
  execFileSync('npm', args, { cwd, stdio: ['ignore', 'ignore', 'inherit'] });
}

/** The folder of an installed tool, whatever it exports. */
function folderOf(require, name) {
  const [base] = require.resolve.paths(name).filter((path) => existsSync(join(path, name)));
  return join(base, name);
}

/** A folder with the package, the fixtures, and the tools' folder for what those require. */
function install() {
  const folder = mkdtempSync(join(tmpdir(), 'bw-packaging-'));
  const staged = join(folder, 'staged');
  stage(staged);
  npm(['pack', '--silent', '--pack-destination', folder], staged);
  rmSync(staged, { recursive: true });
  const [archive] = readdirSync(folder).filter((name) => name.endsWith('.tgz'));
  writeFileSync(join(folder, 'package.json'), '{"private": true}');
  npm(['install', ...NPM, `./${archive}`], folder);
  for (const [require, name] of [
    [fromRoot, '@types/node'],
    [fromRoot, 'undici-types'],
  ]) {
    cpSync(folderOf(require, name), join(folder, 'node_modules', name), { recursive: true });
  }
  cpSync(join(tools, 'fixtures'), folder, { recursive: true });
  for (const name of ['injected.cts', 'injected.mts']) {
    cpSync(join(projectRoot, 'test/types', name), join(folder, name));
  }
  return { folder, archive: join(folder, archive) };
}

const node = (...args) => [process.execPath, args];

const tsc = join(dirname(fromRoot.resolve('typescript/package.json')), 'bin/tsc');

function typescript(resolution) {
  const module = resolution === 'bundler' ? 'esnext' : resolution;
  const flags = ['--ignoreConfig', '--noEmit', '--strict', '--types', 'node', '--target', 'es2022'];
  const how = ['--module', module, '--moduleResolution', resolution, '--esModuleInterop'];
  return node(tsc, ...flags, ...how, 'user.ts', 'user.mts');
}

function bin(name, file) {
  return join(folderOf(fromTools, name), file);
}

function steps({ folder, archive }) {
  const jest = ['--rootDir', folder, '--testRegex', 'timers\\.test\\.cjs$'];
  const vitest = ['run', '--root', folder, '--globals', '--config', join(folder, 'vitest.mjs')];
  // The same program as an ES module, which has types of its own.
  cpSync(join(folder, 'user.ts'), join(folder, 'user.mts'));
  writeFileSync(
    join(folder, 'vitest.mjs'),
    "export default { test: { include: ['*.test.cjs'], globals: true } };\n",
  );
  return {
    'what is in it': node(join(projectRoot, 'scripts/packaging/contents.mjs'), archive),
    'package managers': node('managers.cjs', archive),
    publint: node(bin('publint', 'src/cli.js'), archive),
    'are the types wrong': node(
      bin('@arethetypeswrong/cli', 'dist/index.js'),
      archive,
      '--profile',
      'node16',
    ),
    CommonJS: node('echo.cjs'),
    'ES modules': node('echo.mjs'),
    'every entry point': node('entries.mjs'),
    'traces of errors': node('traces.cjs'),
    'no descriptor left': ['sh', ['-c', 'ulimit -n 100; exec "$0" lean.cjs', process.execPath]],
    'emit replaced after loading': node('replaced.cjs'),
    'no native file': node('unloadable.cjs'),
    'which native file': node('native.cjs'),
    'register, --require': node('--require', 'barewire/register', 'hooked.mjs'),
    'register, --import': node('--import', 'barewire/register', 'hooked.mjs'),
    'TypeScript, each @types/node': node('typed.cjs', tsc),
    'TypeScript, node16': typescript('node16'),
    'TypeScript, nodenext': typescript('nodenext'),
    'TypeScript, bundler': typescript('bundler'),
    'bundles by esbuild': node('bundles.cjs'),
    'a single executable, a snapshot': node('sea.cjs'),
    'systems and runtimes': node('matrix.mjs'),
    'sinon, mock.timers': node('--test', 'mock-timers.cjs'),
    Jest: node(bin('jest', 'bin/jest.js'), ...jest),
    'Vitest, threads': node(bin('vitest', 'vitest.mjs'), ...vitest, '--pool', 'threads'),
    'Vitest, forks': node(bin('vitest', 'vitest.mjs'), ...vitest, '--pool', 'forks'),
  };
}

/** The command of a step; where it can not even be prepared, one that says why. */
function commandOf(step) {
  try {
    return typeof step === 'function' ? step() : step;
  } catch (error) {
    return ['sh', ['-c', 'echo "$0" >&2; exit 1', String(error)]];
  }
}

/** Runs one step and says how it went. */
function run([name, step], cwd) {
  const [command, args] = commandOf(step);
  const env = { ...process.env, NODE_PATH: join(tools, 'node_modules') };
  const options = { cwd, env, timeout: 120_000, maxBuffer: 1 << 26 };
  const start = performance.now();
  return new Promise((resolve) => {
    execFile(command, args, options, (error, stdout, stderr) => {
      const seconds = ((performance.now() - start) / 1000).toFixed(1);
      console.log(`${error === null ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)`);
      if (error !== null)
        console.log(`${error.message}\n${stdout}${stderr}`.replace(/^/gm, '    '));
      else if (TABLES.has(name)) console.log(stdout.replace(/^/gm, '    '));
      resolve(error === null);
    });
  });
}

/** Those that fail once more, alone. */
async function runOnceMore(failed, folder) {
  console.log('\nonce more, alone:');
  const still = [];
  for (const step of failed) {
    if (await run(step, folder)) console.log(`FAILED ONLY UNDER LOAD, passed alone: ${step[0]}`);
    else still.push(step);
  }
  return still;
}

if (!existsSync(join(tools, 'node_modules/.package-lock.json'))) npm(['ci', ...NPM], tools);
const place = install();
try {
  const all = Object.entries(steps(place));
  const passed = await sideBySide(all, LANES, (step) => run(step, place.folder));
  const failed = all.filter((_, at) => !passed[at]);
  const again = failed.length > 0 && process.argv.includes('--once-more');
  const still = again ? await runOnceMore(failed, place.folder) : failed;
  if (still.length > 0) process.exitCode = 1;
} finally {
  rmSync(place.folder, { recursive: true, force: true });
}
