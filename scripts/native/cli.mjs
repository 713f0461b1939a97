#!/usr/bin/env node
// `npx barewire build [FILE]`: makes the native file for a machine that no shipped one fits, from
// the C source in the package. It needs a C compiler and Node's headers, and no network.
import { accessSync, constants, mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { compile, hostCompiler } from './compile.mjs';
import { BuildProblem, problemsOf, run } from './fail.mjs';
import { nodeHeaders } from './headers.mjs';
import { LOCAL_BUILD, loadedHash, sourceHash } from './source.mjs';

const USAGE = `Usage: barewire build [FILE]

Compiles barewire's native file for this machine, where none of those that it comes with fits.
Without FILE it is put where barewire finds it; with FILE, name that in BAREWIRE_NATIVE.`;

/** @param {string} folder */
function mayWrite(folder) {
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** @param {string | undefined} file */
function build(file) {
  if (process.platform !== 'linux') {
    throw new BuildProblem(`barewire runs on Linux; this is ${process.platform}.`);
  }
  const output = file === undefined ? LOCAL_BUILD : resolve(file);
  if (!mayWrite(dirname(output))) {
    const elsewhere = 'Build to another place, and name it in BAREWIRE_NATIVE:';
    throw new BuildProblem(
      `${dirname(output)} may not be written to. ${elsewhere} npx barewire build ./barewire.node`,
    );
  }
  const problems = [...problemsOf(hostCompiler), ...problemsOf(nodeHeaders)];
  if (problems.length > 0) throw new BuildProblem(problems.join('\n'));
  compile(output);
  if (loadedHash(output) !== sourceHash()) throw new BuildProblem(`${output} does not load.`);
  const then = file === undefined ? '' : `\nTo use it: BAREWIRE_NATIVE=${output}`;
  console.log(`built ${output}${then}`);
}

await run(() => {
  const [command, file, ...others] = process.argv.slice(2);
  if (command === '--help' || command === '-h') console.log(USAGE);
  else if (command === 'build' && others.length === 0 && !file?.startsWith('-')) build(file);
  else throw new BuildProblem(USAGE);
});
