// The one compile line, used for every binary: this machine's, the shipped ones, the sanitizer's.
import { spawnSync } from 'node:child_process';
import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { BuildProblem } from './fail.mjs';
import { nodeHeaders } from './headers.mjs';
import { ROOT, SOURCE, sourceHash } from './source.mjs';

const FLAGS = [
  '-std=gnu11',
  '-O2',
  '-fPIC',
  '-shared',
  '-fvisibility=hidden',
  '-Wall',
  '-Wextra',
  // Start-up files and guards bind to symbols that differ from one libc to the other.
  '-nostartfiles',
  '-fno-stack-protector',
  '-U_FORTIFY_SOURCE',
  '-Wl,-z,relro,-z,now,-z,noexecstack',
  '-Wl,--build-id=none',
];

/** @param {string} command */
function works(command) {
  return spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0;
}

/** @returns {string} the C compiler for this machine */
export function hostCompiler() {
  const chosen = process.env.CC;
  const names = chosen ? [chosen] : ['cc', 'gcc', 'clang'];
  const found = names.find(works);
  if (found) return found;
  throw new BuildProblem(
    `No C compiler (${names.join(', ')}) was found. Install gcc ` +
      '(Debian and Ubuntu: apt-get install gcc libc6-dev; ' +
      'Alpine: apk add gcc musl-dev linux-headers) or set CC to the compiler to use.',
  );
}

/**
 * @typedef {object} Options
 * @property {string} [compiler] this machine's when left out
 * @property {string[]} [extra] further flags
 * @property {boolean} [strict] warnings are errors
 * @property {boolean} [debug] keep symbols and line numbers
 */

/**
 * Compiles the C source to `output`, which appears whole or not at all: other processes may be
 * building or loading it.
 * @param {string} output
 * @param {Options} [options]
 */
export function compile(output, { compiler, extra = [], strict = false, debug = false } = {}) {
  const command = compiler ?? hostCompiler();
  const unfinished = `${output}.${process.pid}.tmp`;
  const args = [
    ...FLAGS,
    ...(strict ? ['-Werror'] : []),
    debug ? '-g' : '-s',
    `-DBAREWIRE_SOURCE_SHA256="${sourceHash()}"`,
    ...extra,
    // After `extra`, whose libc headers have to win, and as system headers, not ours to warn of.
    '-isystem',
    nodeHeaders(),
    '-o',
    unfinished,
    SOURCE,
  ];
  mkdirSync(dirname(output), { recursive: true });
  try {
    const { status, error } = spawnSync(command, args, { cwd: ROOT, stdio: 'inherit' });
    if (error || status !== 0) {
      throw new BuildProblem(
        `Compiling ${SOURCE} with ${command} failed${error ? `: ${error}` : '.'}`,
      );
    }
    renameSync(unfinished, output);
  } finally {
    rmSync(unfinished, { force: true });
  }
}
