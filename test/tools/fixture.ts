/** Small projects for the tests of scripts. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { projectRoot } from '../kit/program.js';

const CONFIGURATION = [
  'biome.jsonc',
  'package.json',
  'tsconfig.base.json',
  'tsconfig.src.json',
  'tsconfig.test.json',
  'tsconfig.json',
];

/** A scratch project with our configuration and the given files, removed after the test. */
export function makeProject(t: TestContext, files: Record<string, string>): string {
  const root = mkdtempSync(join(tmpdir(), 'barewire-tools-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  symlinkSync(join(projectRoot, 'node_modules'), join(root, 'node_modules'));
  for (const name of CONFIGURATION) copyFileSync(join(projectRoot, name), join(root, name));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

export interface Outcome {
  readonly status: number | null;
  readonly output: string;
}

/** Runs a script of the project with this Node, in the given folder. */
export function runScript(script: string, args: string[], cwd: string): Outcome {
  const result = spawnSync(process.execPath, [join(projectRoot, script), ...args], {
    cwd,
    encoding: 'utf8',
  });
  return { status: result.status, output: result.stdout + result.stderr };
}
