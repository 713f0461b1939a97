/** Worker threads that end in the midst of their sockets' work. `npm run test:soak` ends 1,000. */
import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { projectRoot, runNode } from '../support/program.js';

const COUNT = process.env['BAREWIRE_SOAK'] ? 1000 : 180;
const TIMEOUT_MS = 200_000;

interface Result {
  readonly ended: Record<string, number>;
  readonly left: number;
  readonly longestMs: number;
  readonly seconds: number;
  readonly echoes: string[];
  readonly natives: number;
}

async function endMany(t: TestContext, own: string, ...libraries: string[]): Promise<void> {
  const args = [String(COUNT), own, ...libraries];
  const ended = await runNode('workers', args, { timeoutMs: TIMEOUT_MS });
  assert.equal(ended.signal, null, ended.stderr);
  assert.equal(ended.stderr, '');
  assert.equal(ended.code, 0);
  const result = JSON.parse(ended.stdout) as Result;
  t.diagnostic(`${COUNT} workers in ${result.seconds.toFixed(1)} s; ${result.longestMs} ms`);
  const kinds = ['exit: 7', 'terminate: 1', 'throw: error planted 1'];
  assert.deepEqual(Object.keys(result.ended).sort(), kinds);
  const total = Object.values(result.ended).reduce((sum, count) => sum + count, 0);
  assert.equal(total, COUNT + kinds.length, 'with one of each to warm up');
  assert.equal(result.left, 0, 'descriptors left open');
  assert.deepEqual(result.echoes, ['before', 'after']);
  assert.equal(result.natives, new Set(libraries).size, 'native files in the process');
}

/** The built package at another place, so that its native file is loaded a second time. */
function copyPackage(t: TestContext): string {
  const root = mkdtempSync(join(tmpdir(), 'barewire-copy-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  for (const part of ['dist', 'prebuilds', 'package.json', 'build/Release']) {
    const from = join(projectRoot, part);
    if (existsSync(from)) cpSync(from, join(root, part), { recursive: true });
  }
  symlinkSync(join(projectRoot, 'node_modules'), join(root, 'node_modules'));
  return root;
}

test(`${COUNT} workers end amid their work where only they load the module`, async (t) => {
  await endMany(t, 'none', 'barewire');
});

test(`${COUNT} workers end amid their work beside a main thread with sockets`, async (t) => {
  await endMany(t, 'barewire', 'barewire');
});

test(`${COUNT} workers end amid their work with two copies in the process`, async (t) => {
  const copy = copyPackage(t);
  await endMany(t, copy, 'barewire', copy);
});
