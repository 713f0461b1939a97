// Run before `npm start` and `npm test`: afterwards a binary made from the present source loads.
// With a fitting shipped binary that takes no compiler.
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { compile, hostCompiler } from './compile.mjs';
import { BuildProblem, problemsOf, run } from './fail.mjs';
import { nodeHeaders } from './headers.mjs';
import { embeddedHash, LOCAL_BUILD, loadedHash, ROOT, sourceHash } from './source.mjs';
import { TARGETS } from './targets.mjs';

// What lies here is taken before the shipped binaries are looked at.
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

/** @returns {'glibc' | 'musl'} what this Node is linked with */
function libc() {
  const { header } = /** @type {{header: object}} */ (process.report.getReport());
  return 'glibcVersionRuntime' in header ? 'glibc' : 'musl';
}

/** @returns {string | undefined} why no fitting binary loads */
function loadProblem() {
  const fits = TARGETS.filter((each) => each.arch === process.arch && each.libc === libc());
  const [file] = [LOCAL_BUILD, ...fits.map((each) => each.file)].filter((each) => existsSync(each));
  if (file === undefined) return `there is none for ${process.arch} with ${libc()}`;
  try {
    if (loadedHash(file) === sourceHash()) return undefined;
    return `${relative(ROOT, file)} is not made from the present native/barewire.c`;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return message.split('\n', 1)[0];
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
  const problems = [...problemsOf(hostCompiler), ...problemsOf(nodeHeaders)];
  if (problems.length > 0) throw new BuildProblem(problems.join('\n'));
  // Warnings are for the checks: a compiler unknown to us must not fail on one.
  compile(LOCAL_BUILD);
  const still = loadProblem();
  if (still) throw new BuildProblem(`The compiled binary does not load: ${still}`);
  console.log(`built ${relative(ROOT, LOCAL_BUILD)}`);
});
