/** The programs of test/types compile, and those with mistakes do not. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { projectRoot } from '../../kit/program.js';

const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin/tsc');

for (const [resolution, file] of [
  ['nodenext', 'tsconfig.json'],
  ['node16', 'tsconfig.node16.json'],
  ['bundler', 'tsconfig.bundler.json'],
] as const) {
  test(`the programs in test/types compile with ${resolution} resolution, errors included`, () => {
    const args = [tsc, '-p', join(projectRoot, 'test/types', file)];
    const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    assert.equal(stdout, '');
    assert.equal(status, 0);
  });
}
