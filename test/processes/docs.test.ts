/** The examples of docs/PROCESSES.md, as they stand there, print what stands there. */
import { deepStrictEqual, strictEqual } from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Family, folder, linesOf } from '../kit/processes.js';
import { projectRoot } from '../kit/program.js';

const text = readFileSync(join(projectRoot, 'docs/PROCESSES.md'), 'utf8');
const PAIR = /```js\n(\/\/ (\S+): node ([^\n]*)\n.*?)```\n\n```text\n(.*?)```/gs;

let found = 0;
for (const [, code = '', name = '', command = '', printed = ''] of text.matchAll(PAIR)) {
  found++;
  test(`docs/PROCESSES.md: ${name}`, async (t) => {
    const at = folder(t);
    writeFileSync(join(at, name), code);
    const args = command.split(' ').map((arg) => (arg === name ? join(at, name) : arg));
    const family = new Family(args, { BAREWIRE_PROFILE: 'manual', NODE_NO_WARNINGS: '1' });
    t.after(() => family.kill());
    const expected = printed.split('\n').filter((line) => line !== '');
    deepStrictEqual(linesOf(await family.ended), expected);
  });
}

test('docs/PROCESSES.md: each kind in both styles', () => strictEqual(found, 8));
