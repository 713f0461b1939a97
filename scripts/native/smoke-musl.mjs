// node scripts/native/smoke-musl.mjs: runs the echo tests on the shipped musl binary for this
// machine. There is no Node for musl in the npm registry, so a program of musl's loads the binary
// and makes its calls, each asked for by the library in this Node: see test/native/musl. What runs
// is the whole binary, every symbol resolved by musl's own loader, and the whole of the library.
// Needs Debian's package musl-tools.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BuildProblem, run } from './fail.mjs';
import { nodeHeaders } from './headers.mjs';
import { nodeCommand, output, runTests } from './smoke.mjs';
import { ROOT, sourceHash } from './source.mjs';
import { TARGETS } from './targets.mjs';

const PARTS = join(ROOT, 'test/native/musl');

/**
 * Echo servers and clients, half-closing, errors, and the kernel's behaviour below them; not those
 * tests that look at descriptors from outside, which are another process's here.
 */
const TESTS = [
  'native/addresses',
  'sim/kernel-tcp',
  'sim/kernel-unix',
  'sim/kernel-listen',
  'net/close/half-close',
  'net/write/gather',
  'net/errors/connect-and-bind',
  'net/module/manual-programs',
];

const PROGRAM = `
  const own = {};
  process.dlopen(own, process.env.BAREWIRE_NATIVE);
  console.log(own.exports.sourceSha256);
`;

/** @param {string} folder @returns {string} the program that loads the binary */
function buildHost(folder) {
  const host = join(folder, 'host');
  const flags = ['-O1', '-Wall', '-Wextra', '-Werror', '-Wno-unused-parameter', '-rdynamic'];
  // Last: musl's own headers have to win.
  const headers = ['-idirafter', nodeHeaders()];
  output('musl-gcc', [...flags, ...headers, '-o', host, join(PARTS, 'host.c')]);
  if (!readFileSync(host).includes('/lib/ld-musl-')) throw new BuildProblem('musl-gcc: not musl');
  return host;
}

/** @param {string} folder @param {string} binary @returns {NodeJS.ProcessEnv} */
function environment(folder, binary) {
  const native = join(folder, 'remote.node');
  writeFileSync(native, 'not a program');
  return {
    ...process.env,
    BAREWIRE_NATIVE: native,
    BAREWIRE_MUSL_HOST: buildHost(folder),
    BAREWIRE_MUSL_BINARY: binary,
  };
}

await run(() => {
  const target = TARGETS.find((each) => each.arch === process.arch && each.libc === 'musl');
  if (!target) throw new BuildProblem(`There is no shipped musl binary for ${process.arch}.`);
  const folder = mkdtempSync(join(tmpdir(), 'barewire-musl-'));
  try {
    const env = environment(folder, target.file);
    const node = nodeCommand(folder, [process.execPath, '--require', join(PARTS, 'remote.cjs')]);
    const said = output(node, ['-e', PROGRAM], env).trim();
    if (said !== sourceHash()) throw new BuildProblem(`Not the present source: ${said}`);
    console.log(`musl loads it: ${said}`);
    runTests('musl', node, TESTS, env);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
