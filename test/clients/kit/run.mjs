// Runs a scenario on the built-in and on this package's `net`, and compares.
import { fork } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const worker = fileURLToPath(new URL('./worker.mjs', import.meta.url));
const register = join(root, 'dist/register/index.js');
const interop = join(root, 'dist/interop/index.js');
const TIMEOUT_MS = 120_000;

/** How long a process may go on after its scenario is done. */
const LINGER_MS = 10_000;

function environment(ours, server, certificate) {
  const env = { ...process.env };
  delete env.NODE_OPTIONS;
  if (server !== null) env.BW_SERVER = JSON.stringify(server.about);
  if (certificate !== null) env.BW_CERTIFICATE = JSON.stringify(certificate);
  return ours ? { ...env, BW_REGISTER: register, BW_INTEROP: interop } : env;
}

/** `{result, sockets, ms}` or `{error}`. */
function runOnce({ file, name }, ours, server, certificate, node) {
  return new Promise((resolve) => {
    const child = fork(worker, [file, name], {
      execPath: node,
      execArgv: ours ? ['--import', register] : [],
      env: environment(ours, server, certificate),
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    let printed = '';
    let outcome = null;
    let lingering = null;
    child.stdout.on('data', (text) => {
      printed += text;
    });
    child.stderr.on('data', (text) => {
      printed += text;
    });
    const timer = setTimeout(() => child.kill('SIGKILL'), TIMEOUT_MS);
    child.on('message', async (message) => {
      if (message.ask !== undefined) {
        try {
          await server[message.ask]();
          if (child.connected) child.send('done');
        } catch (error) {
          // The scenario fails with it, and the others go on.
          printed += error.message;
          child.kill('SIGKILL');
        }
        return;
      }
      outcome = message;
      lingering = setTimeout(() => child.kill('SIGKILL'), LINGER_MS);
    });
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      clearTimeout(lingering);
      const ended = `ended with ${signal ?? code}${outcome === null ? '' : ' after its result'}`;
      if (outcome !== null && (code === 0 || outcome.error !== undefined)) resolve(outcome);
      else resolve({ error: `${ended}\n${printed}` });
    });
  });
}

/**
 * `{builtin, ours, problem}`: the two outcomes of a job on the Node program at `node`, and what is
 * wrong (null if nothing is). With `inCore` the package leaves connecting to Node's core.
 */
export async function compare(job, server, certificate, node) {
  const builtin = await runOnce(job, false, server, certificate, node);
  const ours = await runOnce(job, true, server, certificate, node);
  return { builtin, ours, problem: problemOf(builtin, ours, job.inCore) };
}

function problemOf(builtin, ours, inCore) {
  if (builtin.error !== undefined) return `built-in: ${builtin.error}`;
  if (ours.error !== undefined) return `ours: ${ours.error}`;
  if (ours.sockets.ours === 0 && !inCore) return 'ours took no part';
  if (isDeepStrictEqual(builtin.result, ours.result)) return null;
  const show = (value) => JSON.stringify(value)?.slice(0, 1000);
  return `built-in gave ${show(builtin.result)}, ours ${show(ours.result)}`;
}
