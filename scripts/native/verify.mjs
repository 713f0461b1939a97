// What must be true of a shipped binary, wherever it is going to be loaded.
import { existsSync, readFileSync } from 'node:fs';
import { readElf } from './elf.mjs';
import { embeddedHash, sourceHash } from './source.mjs';

const MACHINE = { x64: 62, arm64: 183 };
const SHARED_OBJECT = 3;
const MAX_BYTES = 100_000;

// Node 20's own binaries ask for glibc 2.28, so anything up to it is there wherever Node 20 runs.
const MAX_GLIBC = [2, 28];

// Node itself has these; everything else has to come from the libc.
const FROM_NODE = /^(napi|node_api|uv)_/;

// Names that glibc's headers bring in and musl does not have, or not in every version of it.
const GLIBC_ONLY = /_chk$|64$|^__isoc/;

/** @param {string} version such as GLIBC_2.17 */
function tooNew(version) {
  const numbers = /^GLIBC_(\d+)\.(\d+)/.exec(version);
  if (!numbers) return true;
  const [major, minor] = [Number(numbers[1]), Number(numbers[2])];
  return major > MAX_GLIBC[0] || (major === MAX_GLIBC[0] && minor > MAX_GLIBC[1]);
}

/** @param {import('./elf.mjs').Elf} elf @returns {string[]} */
function glibcProblems(elf) {
  const problems = [];
  if (elf.needed.join() !== 'libc.so.6') {
    problems.push(`needs the libraries [${elf.needed.join(', ')}], not just libc.so.6`);
  }
  for (const { name, version } of elf.imports) {
    if (FROM_NODE.test(name)) continue;
    if (!version) problems.push(`imports ${name}, which neither Node nor glibc has`);
    else if (tooNew(version)) {
      problems.push(`imports ${name}@${version}, newer than glibc ${MAX_GLIBC.join('.')}`);
    }
  }
  return problems;
}

/** @param {import('./elf.mjs').Elf} elf @returns {string[]} */
function muslProblems(elf) {
  const problems = [];
  // Distributions name musl's library differently; unnamed, it is the one Node has loaded.
  if (elf.needed.length > 0) problems.push(`names the libraries [${elf.needed.join(', ')}]`);
  for (const { name, version } of elf.imports) {
    if (FROM_NODE.test(name)) continue;
    if (version) problems.push(`imports ${name}@${version}: musl has no symbol versions`);
    else if (GLIBC_ONLY.test(name)) problems.push(`imports ${name}, which musl need not have`);
  }
  return problems;
}

/**
 * @param {import('./targets.mjs').Target} target
 * @param {string} [file] another place than the target's own
 * @returns {string[]} what is wrong with the file
 */
export function verify(target, file = target.file) {
  if (!existsSync(file)) return ['is missing'];
  const bytes = readFileSync(file);
  const elf = readElf(bytes);
  if (!elf) return ['is not a 64-bit little-endian ELF file'];
  const problems = target.libc === 'musl' ? muslProblems(elf) : glibcProblems(elf);
  if (elf.machine !== MACHINE[target.arch] || elf.type !== SHARED_OBJECT) {
    problems.push(`is not a shared object for ${target.arch}`);
  }
  if (!elf.exports.includes('napi_register_module_v1')) problems.push('is no Node-API module');
  if (bytes.length >= MAX_BYTES) {
    problems.push(`has ${bytes.length} bytes; it must have fewer than ${MAX_BYTES}`);
  }
  if (embeddedHash(file) !== sourceHash()) {
    problems.push('is stale: it was not made from the present native/barewire.c');
  }
  return problems;
}

/** @param {string} file @returns {string[]} the names it imports */
function imported(file) {
  return (readElf(readFileSync(file))?.imports ?? []).map((each) => each.name);
}

/** @param {string} file @returns {string[]} the functions it expects the libc to have */
export function libcImports(file) {
  return imported(file).filter((name) => !FROM_NODE.test(name));
}
