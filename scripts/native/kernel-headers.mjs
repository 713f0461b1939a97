// The kernel's headers alone, without those of glibc that lie beside them.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { BuildProblem } from './fail.mjs';

const PARTS = ['linux', 'asm', 'asm-generic'];

/** @param {string} compiler @returns {string[]} the folders it searches for headers */
function searched(compiler) {
  const { stderr } = spawnSync(compiler, ['-E', '-v', '-x', 'c', '/dev/null'], {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
  });
  const list = /search starts here:\n([\s\S]*?)End of search list/g;
  return [...stderr.matchAll(list)].flatMap((match) =>
    match[1]
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line.startsWith('/')),
  );
}

/**
 * Makes a folder of links to a compiler's kernel headers.
 * @param {string} compiler
 * @param {string} folder which to make
 */
export function linkKernelHeaders(compiler, folder) {
  const folders = searched(compiler);
  mkdirSync(folder, { recursive: true });
  for (const part of PARTS) {
    const found = folders.map((each) => join(each, part)).find((each) => existsSync(each));
    if (!found) throw new BuildProblem(`${compiler} has no kernel headers (${part}/).`);
    symlinkSync(found, join(folder, part));
  }
}
