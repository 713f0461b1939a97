// Tests that packages publish along with themselves, as far as they run from the published files
// alone and use sockets. docs/SWITCHING.md says which packages have none.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../node_modules/', import.meta.url));
const tally = fileURLToPath(new URL('../kit/tally.cjs', import.meta.url));

const TESTS = {
  // Not drain-toxiproxy, which needs a server of that name.
  aedes: [
    ...['auth', 'basic', 'bridge', 'client-pub-sub', 'client-queue', 'connect', 'drain-timeout'],
    ...['close_socket_by_other_party', 'events', 'keep-alive', 'meta', 'not-blocking'],
    ...['prototype-keys', 'qos1', 'qos2', 'regr-21', 'retain', 'topics', 'will'],
  ],
  // Not those that are about keys alone, or ask for OpenSSH's programs.
  ssh2: [
    ...['test-exec', 'test-misc-client-server', 'test-server-hostkeys', 'test-sftp'],
    ...['test-shell', 'test-userauth', 'test-userauth-agent'],
  ],
  // Those that connect by `net`; not hooks.test, which needs packages that are not there.
  fastify: [
    ...['client-timeout', 'close', 'handler-timeout', 'listen.5', 'max-requests-per-socket'],
    ...['reply-error', 'request-error', 'request-header-host', 'skip-reply-send', 'upgrade'],
  ].map((name) => `${name}.test`),
};

const describe = (name) => `${name}: its own published tests`;
export const packages = ['aedes'];
/** Its tests ask by undici. */
export const node = { [describe('fastify')]: 22 };
export const about = Object.fromEntries(Object.keys(TESTS).map((name) => [describe(name), [name]]));

/** One file's outcome: how it ended, and how many tests passed where it counts them. */
function runFile(folder, file, env) {
  const args = [...process.execArgv, '--require', tally, file];
  const options = { cwd: folder, env: { ...process.env, ...env }, maxBuffer: 1 << 26 };
  return new Promise((resolve) => {
    execFile(process.execPath, args, options, (error, stdout, stderr) => {
      const passed = /^# pass (\d+)$/m.exec(stdout)?.[1] ?? null;
      if (error === null) return resolve({ passed });
      const lines = `${stdout}${stderr}`.split('\n').filter((line) => /not ok|rror/.test(line));
      resolve({ failed: error.code ?? error.signal, lines: lines.slice(0, 10) });
    });
  });
}

async function runAll(name, tookPart) {
  const folder = join(root, name);
  const scratch = mkdtempSync(join(tmpdir(), 'bw-published-'));
  const file = join(scratch, 'tally');
  writeFileSync(file, '');
  const results = {};
  const left = [...TESTS[name]];
  const lane = async () => {
    for (let test = left.shift(); test !== undefined; test = left.shift()) {
      results[test] = await runFile(folder, join('test', `${test}.js`), { BW_TALLY: file });
    }
  };
  try {
    await Promise.all([lane(), lane()]);
    // Some of these give a connection 50 ms, which is little on a busy machine: once more, alone.
    left.push(...Object.keys(results).filter((test) => results[test].failed !== undefined));
    await lane();
    const counts = readFileSync(file, 'utf8').split('\n').map(Number);
    tookPart(counts.reduce((all, some) => all + some, 0));
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  const failed = Object.entries(results).filter(([, result]) => result.failed !== undefined);
  if (failed.length > 0) throw new Error(JSON.stringify(failed, null, 1));
  return Object.fromEntries(Object.entries(results).sort());
}

export const scenarios = Object.fromEntries(
  Object.keys(TESTS).map((name) => [describe(name), ({ tookPart }) => runAll(name, tookPart)]),
);
