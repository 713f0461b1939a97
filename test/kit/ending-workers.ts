/** Starts worker threads that end while their sockets work, and checks what is left of them. */
import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { projectRoot, runNode } from './program.js';

const TIMEOUT_MS = 200_000;

interface Result {
  readonly ended: Record<string, number>;
  readonly left: number;
  readonly longestMs: number;
  readonly seconds: number;
  readonly echoes: string[];
  readonly natives: number;
}

/** Ends `count` workers that use `libraries`, beside a main thread that uses `own`. */
export async function endWorkers(
  t: TestContext,
  count: number,
  own: string,
  ...libraries: string[]
): Promise<void> {
  const args = [String(count), own, ...libraries];
  const ended = await runNode('workers', args, { timeoutMs: TIMEOUT_MS });
  assert.equal(ended.signal, null, ended.stderr);
  assert.equal(ended.stderr, '');
  assert.equal(ended.code, 0);
  const result = JSON.parse(ended.stdout) as Result;
  t.diagnostic(`${count} workers in ${result.seconds.toFixed(1)} s; ${result.longestMs} ms`);
  const kinds = ['exit: 7', 'terminate: 1', 'throw: error planted 1'];
  assert.deepEqual(Object.keys(result.ended).sort(), kinds);
  const total = Object.values(result.ended).reduce((sum, count) => sum + count, 0);
  assert.equal(total, count + kinds.length, 'with one of each to warm up');
  assert.equal(result.left, 0, 'descriptors left open');
  assert.deepEqual(result.echoes, ['before', 'after']);
  assert.equal(result.natives, new Set(libraries).size, 'native files in the process');
}

/** The built package at another place, so that its native file is loaded a second time. */
export function copyPackage(t: TestContext): string {
  const root = mkdtempSync(join(tmpdir(), 'barewire-copy-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  for (const part of ['dist', 'prebuilds', 'package.json', 'build/Release']) {
    const from = join(projectRoot, part);
    if (existsSync(from)) cpSync(from, join(root, part), { recursive: true });
  }
  symlinkSync(join(projectRoot, 'node_modules'), join(root, 'node_modules'));
  return root;
}
