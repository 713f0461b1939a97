// Who is measured, and how each of them is started.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);

export const benchFolder = fileURLToPath(new URL('..', import.meta.url));
export const cacheFolder = join(benchFolder, '.cache');
const inServers = (name) => join(benchFolder, 'servers', name);

const arch = { x64: ['x64', 'x64'], arm64: ['aarch64', 'arm64'] }[process.arch] ?? ['?', '?'];

function packaged(name, path) {
  try {
    return require.resolve(join(name, path));
  } catch {
    return null;
  }
}

/** Compiles unless that was done since the source changed. Null where there is no compiler. */
function compiled(source, name, command) {
  const to = join(cacheFolder, name);
  if (existsSync(to) && statSync(to).mtimeMs > statSync(source).mtimeMs) return to;
  mkdirSync(cacheFolder, { recursive: true });
  const [file, ...args] = command(to);
  const done = spawnSync(file, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  if (done.error) return null;
  if (done.status !== 0) throw new Error(`${source} does not compile`);
  return to;
}

const C_FLAGS = ['-O2', '-Wall', '-Wextra', '-Werror'];

function compileC(source, name) {
  return compiled(source, name, (to) => ['cc', ...C_FLAGS, '-o', to, source]);
}

export const compileLoad = () => compileC(join(benchFolder, 'load', 'load.c'), 'load-c');

const compileGo = () =>
  compiled(inServers('server.go'), 'server-go', (to) => [
    'go',
    'build',
    '-o',
    to,
    inServers('server.go'),
  ]);

const ECHOES = ['echo', 'burst', 'churn', 'sink', 'busy', 'client'];
const NET = [...ECHOES, 'idle', 'listen', 'relay'];
/** Node's `http` as well. */
const ALL = [...NET, 'http', 'http-hand'];
/** What only V8 can be told to do as well. */
const ON_V8 = [...ALL, 'idle-grown'];
/** What is compared with `node:net` only. */
const SENDS = ['send-64k', 'send-1m', 'send-file', 'small-corked', 'small-loop'];
/** Node's `tls` and `https` as well, and compared with the built-in only. */
const SECURE = ['tls-echo', 'tls-churn', 'tls-client', 'tls-visitor', 'https'];

/**
 * The measured process is asked to collect before its size is read. By how much its young
 * generation grows meanwhile counts as well; that of a process that runs for long has grown before.
 */
const GROWN = ['--min-semi-space-size=16', '--max-semi-space-size=16'];
const V8_FLAGS = { idle: ['--expose-gc'], 'idle-grown': ['--expose-gc', ...GROWN] };

const nodeFlags = (scenario) => V8_FLAGS[scenario] ?? [];

/** `file` is one of `servers`; `subject` is what it runs on. */
const onNode = (node, file, subject) => (scenario) => [
  node,
  ...nodeFlags(scenario),
  inServers(file),
  subject,
  scenario,
];

const native = (binary) => binary && ((scenario) => [binary, scenario]);
const version =
  (...command) =>
  () => {
    const { stdout } = spawnSync(command[0], command.slice(1), { encoding: 'utf8' });
    const text = stdout?.split('\n')[0]?.trim() ?? '';
    // Bun gives a bare number.
    return /^\d/.test(text) ? `Bun ${text}` : text;
  };

function foreign(bun, deno) {
  const runDeno = (file, scenario, ...before) => [
    deno,
    'run',
    '-A',
    '--quiet',
    ...(scenario in V8_FLAGS ? [`--v8-flags=${V8_FLAGS[scenario].join(',')}`] : []),
    inServers(file),
    ...before,
    scenario,
  ];
  return {
    bun: {
      title: 'Bun.listen',
      start: bun && ((scenario) => [bun, inServers('bun.mjs'), scenario]),
      scenarios: [...ECHOES, 'idle', 'listen'],
      version: version(bun, '--version'),
    },
    'bun-net': {
      title: "Bun's node:net",
      start: bun && ((scenario) => [bun, inServers('net.mjs'), 'node', scenario]),
      scenarios: ALL,
      version: version(bun, '--version'),
    },
    deno: {
      title: 'Deno.listen',
      start: deno && ((scenario) => runDeno('deno.mjs', scenario)),
      scenarios: NET,
      version: version(deno, '--version'),
    },
    'deno-net': {
      title: "Deno's node:net",
      start: deno && ((scenario) => runDeno('net.mjs', scenario, 'node')),
      scenarios: ON_V8,
      version: version(deno, '--version'),
    },
  };
}

/** Where `folder`'s package lies as it is published: made anew once in each run. */
const staged = new Map();
function published(folder) {
  const to = staged.get(folder) ?? join(cacheFolder, `staged-${staged.size}`);
  if (!staged.has(folder)) {
    rmSync(to, { recursive: true, force: true });
    const done = spawnSync(process.execPath, [join(folder, 'scripts/stage.mjs'), to]);
    if (done.status !== 0) throw new Error(`${folder} can not be staged: ${done.stderr}`);
    staged.set(folder, to);
  }
  return to;
}

/** A checkout; how long it takes to load is that of the published package. */
function ownFrom(node, folder) {
  const start = (root) => onNode(node, 'net.mjs', join(root, 'dist', 'index.js'));
  return (scenario) => start(scenario === 'listen' ? published(folder) : folder)(scenario);
}

/**
 * Name → `{title, start(scenario) → command, scenarios, version()}`; `start` is null where the
 * runtime is missing. `base` is another checkout, to compare a change with what was before.
 */
export function contenders({ node, base, others }) {
  const root = join(benchFolder, '..');
  const own = (folder) => ownFrom(node, folder);
  const nodeVersion = version(node, '--version');
  const list = {
    ours: {
      title: 'barewire',
      start: own(root),
      scenarios: [...ON_V8, ...SENDS, ...SECURE, 'reuseport'],
    },
    node: {
      title: 'node:net',
      start: onNode(node, 'net.mjs', 'node'),
      scenarios: [...ON_V8, ...SENDS, ...SECURE],
      version: nodeVersion,
    },
  };
  if (base !== null) {
    const scenarios = [...ON_V8, ...SENDS, ...SECURE];
    list.base = { title: 'barewire before', start: own(base), scenarios };
  }
  if (!others) return list;
  const floor = (kind) => onNode(node, 'floor.mjs', kind);
  const lower = ['echo', 'churn', 'sink'];
  const overDuplex = [...lower, 'http', 'client', 'idle', 'idle-grown'];
  list.floor = { title: 'bare Duplex', start: floor('duplex'), scenarios: overDuplex };
  list.transport = {
    title: 'transport, no streams',
    start: floor('plain'),
    scenarios: [...lower, 'burst'],
  };
  list.c = {
    title: 'C, epoll',
    start: native(compileC(inServers('server.c'), 'server-c')),
    scenarios: [...ECHOES, 'listen'],
    version: version('cc', '--version'),
  };
  list.go = {
    title: 'Go',
    start: native(compileGo()),
    scenarios: NET,
    version: version('go', 'version'),
  };
  const bun = packaged(`@oven/bun-linux-${arch[0]}`, 'bin/bun');
  const deno = packaged(`@deno/linux-${arch[1]}-glibc`, 'deno');
  return Object.assign(list, foreign(bun, deno));
}
