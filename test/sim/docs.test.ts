/**
 * The programs of docs/SIMULATION.md, as they stand there, print what stands there. The comparison
 * leaves numbers out, which move with each change of the library; the programs themselves assert
 * what they have to be.
 */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { projectRoot, run } from '../kit/program.js';

const text = readFileSync(join(projectRoot, 'docs/SIMULATION.md'), 'utf8');
const BLOCK = /```(js|text|diff)\n(.*?)```/gs;
/** The first line of a whole file: its name, and how it is run if it is. */
const NAMED = /^\/\/ (\S+\.js)(?:: node \S+)?\n/;

const masked = (printed: string): string => printed.replace(/\d+/g, 'N').trimEnd();

/** A diff as what it takes out and what it puts in; context belongs to both. */
function sides(diff: string): { before: string; after: string } {
  const lines = diff.split('\n').filter((line) => line !== '');
  const side = (left: string): string =>
    lines.flatMap((line) => (line.startsWith(left) ? [] : [line.slice(1)])).join('\n');
  return { before: side('+'), after: side('-') };
}

/** Changes the one file that has the diff's lines. */
function patch(files: Map<string, string>, diff: string): void {
  const { before, after } = sides(diff);
  const [name, ...others] = [...files.keys()].filter((one) => files.get(one)?.includes(before));
  assert(name !== undefined && others.length === 0, `in one file: ${before}`);
  files.set(name, files.get(name)?.replace(before, () => after) ?? '');
}

test('the programs of docs/SIMULATION.md print what stands below them', async (t) => {
  const parent = join(projectRoot, '.cache/simulation');
  mkdirSync(parent, { recursive: true });
  const folder = mkdtempSync(join(parent, 'p-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const files = new Map<string, string>();
  let program = '';
  const ran: string[] = [];
  for (const [, kind, code = ''] of text.matchAll(BLOCK)) {
    const [, name] = NAMED.exec(code) ?? [];
    if (kind === 'js' && name !== undefined) {
      files.set(name, code);
      program = name;
    } else if (kind === 'diff') patch(files, code);
    else if (kind === 'text' && program !== '') {
      for (const [file, content] of files) writeFileSync(join(folder, file), content);
      const { code: status, stdout, stderr } = await run(process.execPath, [join(folder, program)]);
      assert.equal(status, 0, `${program}: ${stderr}`);
      assert.equal(masked(stdout), masked(code), program);
      ran.push(program);
    }
  }
  assert.deepEqual(ran, ['first.js', 'idle.js', 'weather.js', 'hunt.js', 'hunt.js']);
});
