// One run of one of Node's tests, in a process of its own, with the module under test in place of
// `net`.
import { spawn } from 'node:child_process';
import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const PRELOAD = fileURLToPath(new URL('preload.cjs', import.meta.url));
const TIMEOUT_MS = 20_000;
const REASON_CHARACTERS = 300;
/** Each test has ten ports of its own from here on; the tree's tests count up from the first. */
const FIRST_PORT = 12_400;
const PORT_RANGES = 360;
const PORTS_PER_TEST = 10;

/** Nothing that a test started outlives it. */
function killGroup(pid) {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // All of it has ended.
  }
}

function environment(test, index, folder, setting) {
  return {
    PATH: process.env.PATH,
    HOME: process.env.HOME ?? '/tmp',
    LANG: 'C.UTF-8',
    NODE_OPTIONS: `--require ${PRELOAD}`,
    NODE_TEST_DIR: folder,
    TEST_THREAD_ID: String(index),
    NODE_COMMON_PORT: String(FIRST_PORT + (index % PORT_RANGES) * PORTS_PER_TEST),
    CONFORMANCE_MODULE: setting.module,
    CONFORMANCE_TREE: setting.tree,
    CONFORMANCE_TRACE: join(folder, 'trace'),
    ...(setting.protocols === undefined ? {} : { CONFORMANCE_PROTOCOLS: setting.protocols }),
    ...(test.isAlone ? {} : { TEST_PARALLEL: '1' }),
    ...test.env,
  };
}

/** Runs Node on the file. Returns `{code, signal, timedOut, error, output}`. */
async function runFile(test, env, setting, folder) {
  const log = join(folder, 'log');
  const output = openSync(log, 'w');
  const input = openSync('/dev/null', 'r');
  const timeoutMs = Math.max(test.timeoutMs ?? 0, TIMEOUT_MS);
  // Output goes to a file, as under Node's own runner: a pipe here would be one more socket in
  // the test's process.
  const child = spawn(setting.node, [...test.flags, join(setting.tree, 'test', test.file)], {
    cwd: setting.tree,
    env,
    stdio: [input, output, output],
    detached: true,
  });
  const ended = await new Promise((resolve) => {
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      killGroup(child.pid);
    }, timeoutMs);
    const end = (how) => {
      clearTimeout(timer);
      resolve({ timedOut, ...how });
    };
    child.once('error', (error) => end({ code: null, signal: null, error }));
    child.once('exit', (code, signal) => end({ code, signal }));
  });
  if (child.pid !== undefined) killGroup(child.pid);
  for (const fd of [input, output]) closeSync(fd);
  return { ...ended, timeoutMs, output: readFileSync(log, 'utf8') };
}

/** What the preload noted: who was given the module, and when it asked for the built-in. */
function readTrace(folder, tree) {
  const root = join(realpathSync(tree), 'test') + sep;
  const events = readFileSync(join(folder, 'trace'), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
  const served = events.filter(({ kind }) => kind === 'served').map(({ from }) => from);
  const asked = events.filter(({ kind }) => kind !== 'served');
  return {
    served: served.map((from) => (from.startsWith(root) ? relative(root, from) : from)),
    builtin: [...new Set(asked.map(({ kind, what, from }) => `${kind} ${what} from ${from}`))],
  };
}

/** Why a test failed, in a line: how it ended, and the first error that it printed. */
function explain({ code, signal, timedOut, timeoutMs, output }, tree) {
  const lines = output.split('\n').map((line) => line.trim());
  const kinds = [/^(Uncaught )?\w*Error\b.*:/, /Mismatched .* function calls/, /bad option|Error/];
  const at = kinds.map((kind) => lines.findIndex((line) => kind.test(line))).find((i) => i >= 0);
  const more = at === undefined ? [] : lines.slice(at, at + 5).filter((line) => !/^at /.test(line));
  const text = more
    .filter(Boolean)
    .join(' | ')
    .replaceAll(`${tree}/`, '')
    .slice(0, REASON_CHARACTERS);
  const how = signal === null ? `exit ${code}` : `signal ${signal}`;
  return `${timedOut ? `no end within ${timeoutMs / 1000} s` : how}: ${text}`;
}

/** `{status, why}`: a pass needs exit code 0, and that the test really got the module. */
function judge(test, ended, served, { tree, protocols }) {
  if (ended.error) return { status: 'fail', why: `could not start: ${ended.error.message}` };
  if (ended.timedOut) return { status: 'timeout', why: explain(ended, tree) };
  if (ended.code !== 0) return { status: 'fail', why: explain(ended, tree) };
  const skipped = /^1\.\.0 # Skipped: (.*)$/m.exec(ended.output);
  if (skipped !== null && !test.goesOnPastSkip) return { status: 'skipped', why: skipped[1] };
  const isServed = served.some(
    (from) =>
      from === test.file ||
      protocols !== undefined ||
      from.startsWith('[') ||
      from.startsWith('fixtures/'),
  );
  if (!isServed && protocols !== undefined) {
    return { status: 'skipped', why: 'uses nothing that is replaced' };
  }
  if (!isServed) return { status: 'fail', why: 'passed, but was never given the module' };
  return { status: 'pass', why: '' };
}

/** Runs a test once. Returns `{status, why, builtin, ms}`. */
export async function attempt(test, index, setting) {
  const folder = join(setting.scratch, String(index));
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'trace'), '');
  const start = performance.now();
  const ended = await runFile(test, environment(test, index, folder, setting), setting, folder);
  const { served, builtin } = readTrace(folder, setting.tree);
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  const ms = Math.round(performance.now() - start);
  return { ...judge(test, ended, served, setting), builtin, ms };
}
