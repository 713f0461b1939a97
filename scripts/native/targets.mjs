// The binaries that the package ships, named as src/sys/binding.ts looks for them.
import { join } from 'node:path';
import { ROOT } from './source.mjs';

/**
 * @typedef {object} Target
 * @property {'x64' | 'arm64'} arch as Node names it
 * @property {'glibc' | 'musl'} libc
 * @property {'amd64' | 'arm64'} debian the processor as Debian names it
 * @property {'x86_64' | 'aarch64'} cpu the processor as the compiler names it
 * @property {string} file
 */

const CPUS = /** @type {const} */ ([
  { arch: 'x64', debian: 'amd64', cpu: 'x86_64' },
  { arch: 'arm64', debian: 'arm64', cpu: 'aarch64' },
]);

const LIBCS = /** @type {const} */ (['glibc', 'musl']);

/** @type {Target[]} */
export const TARGETS = CPUS.flatMap((cpu) =>
  LIBCS.map((libc) => ({
    ...cpu,
    libc,
    file: join(ROOT, 'prebuilds', `linux-${cpu.arch}`, `barewire.${libc}.node`),
  })),
);
