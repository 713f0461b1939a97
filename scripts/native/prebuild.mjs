// npm run native:prebuild: compiles the four binaries that the package ships. Needs Debian's
// packages gcc, musl-dev, gcc-aarch64-linux-gnu and libc6-dev-arm64-cross (on an arm64 machine the
// cross compiler is the other way round).
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { compile } from './compile.mjs';
import { BuildProblem, run } from './fail.mjs';
import { linkKernelHeaders } from './kernel-headers.mjs';
import { lackingInMusl, muslFor } from './musl.mjs';
import { LOCAL_BUILD, ROOT } from './source.mjs';
import { TARGETS } from './targets.mjs';
import { libcImports, verify } from './verify.mjs';

/** @typedef {import('./targets.mjs').Target} Target */

/** @param {Target} target */
function compilerFor(target) {
  const compiler = `${target.cpu}-linux-gnu-gcc`;
  const { status, stdout } = spawnSync(compiler, ['-print-file-name=include'], {
    encoding: 'utf8',
  });
  if (status === 0) return { compiler, ownHeaders: stdout.trim() };
  throw new BuildProblem(
    `No compiler ${compiler} was found. On Debian: apt-get install ` +
      `gcc-${target.cpu.replace('_', '-')}-linux-gnu libc6-dev-${target.debian}-cross`,
  );
}

/**
 * A musl binary is compiled with musl's, the compiler's and the kernel's headers, and linked to no
 * library: its libc is the one that the Node process which loads it already has.
 * @param {Target} target
 * @param {string} scratch
 * @param {string} file
 */
function buildMusl(target, scratch, file) {
  const { compiler, ownHeaders } = compilerFor(target);
  const musl = muslFor(target, scratch);
  const kernel = join(scratch, `linux-${target.cpu}`);
  linkKernelHeaders(compiler, kernel);
  const folders = [musl.include, ownHeaders, kernel];
  const headers = ['-nostdinc', ...folders.flatMap((folder) => ['-isystem', folder])];
  // Out-of-line atomics would ask glibc for the processor's features.
  const cpu = target.arch === 'arm64' ? ['-mno-outline-atomics'] : [];
  compile(file, { compiler, strict: true, extra: [...headers, '-nostdlib', ...cpu] });
  const lacking = lackingInMusl(libcImports(file), musl.archive, target.cpu);
  if (lacking.length > 0) throw new BuildProblem(`Musl does not have: ${lacking.join(', ')}`);
}

/** @param {Target} target @param {string} scratch @returns {string} the sound binary */
function build(target, scratch) {
  const name = relative(ROOT, target.file);
  const file = join(scratch, name);
  if (target.libc === 'musl') buildMusl(target, scratch, file);
  else compile(file, { compiler: compilerFor(target).compiler, strict: true });
  const problems = verify(target, file);
  if (problems.length > 0) {
    throw new BuildProblem(problems.map((problem) => `${name} ${problem}`).join('\n'));
  }
  console.log(`${name}: ${statSync(file).size} bytes`);
  return file;
}

/** @param {string} from @param {string} to */
function install(from, to) {
  mkdirSync(dirname(to), { recursive: true });
  // Not written over: a process may have the old one mapped.
  rmSync(to, { force: true });
  copyFileSync(from, to);
}

await run(() => {
  const scratch = mkdtempSync(join(tmpdir(), 'barewire-prebuild-'));
  try {
    // All four or none, so that those in the tree are always of one source.
    const files = TARGETS.map((target) => build(target, scratch));
    for (const [index, target] of TARGETS.entries()) install(files[index], target.file);
    // It would be preferred to what was just made, even if older.
    rmSync(LOCAL_BUILD, { force: true });
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
});
