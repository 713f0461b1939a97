// Run before `npm start` and `npm test`: afterwards a binary made from the present source loads.
// With a fitting shipped binary that takes no compiler.
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, relative } from 'node:path';
import { compile, hostCompiler } from './compile.mjs';
import { BuildProblem, run } from './fail.mjs';
import { nodeHeaders } from './headers.mjs';
import { embeddedHash, LOCAL_BUILD, ROOT, sourceHash } from './source.mjs';

// node-gyp-build takes whatever lies here before it looks at the shipped binaries.
const PREFERRED = ['build/Release', 'build/Debug'];

/** Removes local builds of another source, which would silently be used instead. */
function removeStale() {
  for (const folder of PREFERRED.map((name) => join(ROOT, name))) {
    const names = existsSync(folder) ? readdirSync(folder) : [];
    for (const name of names.filter((each) => each.endsWith('.node'))) {
      const file = join(folder, name);
      if (embeddedHash(file) === sourceHash()) continue;
      rmSync(file);
      console.log(`removed ${relative(ROOT, file)}: it was made from another native/barewire.c`);
    }
  }
}

/** @returns {string | undefined} why no fitting binary loads */
function loadProblem() {
  const require = createRequire(import.meta.url);
  try {
    require.resolve('node-gyp-build');
  } catch {
    throw new BuildProblem('The dependencies are not installed. Run: npm ci');
  }
  try {
    const { sourceSha256 } = require('node-gyp-build')(ROOT);
    if (sourceSha256 === sourceHash()) return undefined;
    return 'the shipped binary is not made from the present native/barewire.c';
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return message.split('\n', 1)[0];
  }
}

/** @param {() => unknown} find @returns {string[]} */
function missing(find) {
  try {
    find();
    return [];
  } catch (error) {
    if (error instanceof BuildProblem) return [error.message];
    throw error;
  }
}

await run(() => {
  if (process.platform !== 'linux') {
    throw new BuildProblem(`barewire runs on Linux; this is ${process.platform}.`);
  }
  removeStale();
  const reason = loadProblem();
  if (!reason) return;
  console.log(`Compiling native/barewire.c for this machine, because ${reason}`);
  const problems = [...missing(hostCompiler), ...missing(nodeHeaders)];
  if (problems.length > 0) throw new BuildProblem(problems.join('\n'));
  // Warnings are for the checks: a compiler unknown to us must not fail on one.
  compile(LOCAL_BUILD);
  const still = loadProblem();
  if (still) throw new BuildProblem(`The compiled binary does not load: ${still}`);
  console.log(`built ${relative(ROOT, LOCAL_BUILD)}`);
});
