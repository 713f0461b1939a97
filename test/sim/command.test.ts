/** `npm run sim` as a command: what it prints of a failing seed, and that seeds replay. */
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Ended, projectRoot, run } from '../kit/program.js';

const MAIN = 'build/test/sim/workload/main.js';

function sim(args: readonly string[], cwd = projectRoot): Promise<Ended> {
  const argv = ['--expose-gc', join(cwd, MAIN), ...args];
  return run(process.execPath, argv, { cwd });
}

/** A copy of the built library in which `find` of one file is replaced. */
function planted(t: TestContext, file: string, find: string, replace: string): string {
  const root = mkdtempSync(join(tmpdir(), 'barewire-sim-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  for (const path of ['dist', 'build/test/sim', 'package.json', 'native', 'prebuilds']) {
    cpSync(join(projectRoot, path), join(root, path), { recursive: true });
  }
  symlinkSync(join(projectRoot, 'node_modules'), join(root, 'node_modules'));
  const text = readFileSync(join(root, file), 'utf8');
  assert.equal(text.split(find).length, 2, `${file} does not have the snippet once`);
  writeFileSync(join(root, file), text.replace(find, replace));
  return root;
}

test('a seed is the same run in two processes, event by event', async () => {
  const args = ['--seed', '3', '--trace', '--lines', '1000000'];
  const first = await sim(args);
  const second = await sim(args);
  assert.equal(first.code, 0, first.stdout);
  const lines = first.stdout.split('\n').filter((line) => /^ +\d+\.\d{3} /.test(line));
  assert(lines.length > 500, `${lines.length} lines`);
  const untimed = (text: string): string => text.replace(/ in [\d.]+ s:/, '');
  assert.equal(untimed(second.stdout), untimed(first.stdout));
});

test('a seed behind others is the same run as alone', async () => {
  const fingerprints = (text: string): string[] => text.match(/^fingerprint .*$/gm) ?? [];
  const alone = fingerprints((await sim(['--seed', '3'])).stdout);
  const behind = fingerprints((await sim(['--list', '1,2,3', '--fingerprints'])).stdout).at(-1);
  const [, wanted = 'none'] = /^fingerprint (\S+), again \1$/.exec(alone.join()) ?? [];
  assert.equal(behind, `fingerprint ${wanted} of seed 3`);
});

test('a failing seed prints its command and a shrunk trace; the command shows it', async (t) => {
  const snippet = 'if (sent > 0)\n            this.advance(sent);';
  const bug = 'if (sent > 0)\n            this.advance(sent < this.lengthBytes ? sent + 1 : sent);';
  const root = planted(t, 'dist/transport/write_queue.js', snippet, bug);
  const { code, stdout } = await sim(['--seeds', '50', '--stop-at-first'], root);
  assert.equal(code, 1, stdout);
  assert.match(stdout, /^seed \d+ FAILED; to see it again: npm run sim -- --seed \d+ --trace$/m);
  assert.match(stdout, /are not what was sent/);
  const [, left = '', all = ''] = /shrunk to (\d+) of (\d+) parts/.exec(stdout) ?? [];
  assert(Number(left) >= 1 && Number(left) * 4 < Number(all), `${left} of ${all}`);
  const trace = stdout.split('\n').filter((line) => line.startsWith('  | '));
  assert(trace.length > 5 && trace.length <= 80, `${trace.length} lines of a trace`);
  assert(trace.some((line) => line.includes(' PROBLEM ')));
  assert(trace.some((line) => / write \d+ = \d+$/.test(line)));
  const [, command = ''] = /npm run sim -- (--seed \S+ --trace --parts \S+)/.exec(stdout) ?? [];
  const again = await sim(command.split(' '), root);
  assert.equal(again.code, 1, again.stdout);
  assert.match(again.stdout, /PROBLEM .*are not what was sent/);
});

test('a loop without end is a failure with a seed, not a hang', async (t) => {
  // The ready list never empties, as what was put off is put off again.
  const snippet = 'onTurn() {\n        if (this.fd < 0)';
  const bug = 'onTurn() {\n        this.host.reactor.runNextTurn(this);\n        if (this.fd < 0)';
  const root = planted(t, 'dist/transport/stream.js', snippet, bug);
  const { code, stdout } = await sim(['--seeds', '3', '--stop-at-first', '--no-shrink'], root);
  assert.equal(code, 1, stdout);
  assert.match(stdout, /^seed \d FAILED.*\n.*broken off: Error: the simulation was stopped/m);
});

test('fresh seeds can be named, so that they can be run again', async () => {
  const { code, stdout } = await sim(['--fresh', '2', '--name', 'abc', '--fingerprints']);
  assert.equal(code, 0, stdout);
  assert.match(stdout, /of seed abc-0\n.*of seed abc-1\n/);
});
