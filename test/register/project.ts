/** A small program with packages of its own, in a temporary folder that has `barewire`. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { type Ended, projectRoot, run } from '../kit/program.js';

export type Files = Readonly<Record<string, string>>;

export class Project {
  readonly folder = mkdtempSync(join(tmpdir(), 'bw-register-'));

  constructor(t: TestContext, files: Files) {
    t.after(() => rmSync(this.folder, { recursive: true, force: true }));
    mkdirSync(join(this.folder, 'node_modules'));
    symlinkSync(projectRoot, join(this.folder, 'node_modules', 'barewire'));
    for (const [name, text] of Object.entries(files)) {
      const path = join(this.folder, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
    }
  }

  /** Runs this Node in the project's folder. */
  node(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
    return run(process.execPath, args, { cwd: this.folder, env });
  }
}

/** The ways to load the hook: command line arguments and environment. */
export const WAYS: Readonly<Record<string, { args: string[]; env: Record<string, string> }>> = {
  '--require': { args: ['--require', 'barewire/register'], env: {} },
  '--import': { args: ['--import', 'barewire/register'], env: {} },
  'NODE_OPTIONS --require': { args: [], env: { NODE_OPTIONS: '--require barewire/register' } },
  'NODE_OPTIONS --import': { args: [], env: { NODE_OPTIONS: '--import barewire/register' } },
};
