// Where the native source is, and the hash that ties a binary to it.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

// Relative on purpose: the compiler runs in ROOT, so no machine's path gets into a binary.
export const SOURCE = 'native/barewire.c';

export const LOCAL_BUILD = join(ROOT, 'build/Release/barewire.node');

const TAG = 'barewire-source-sha256:';
const HEX_LENGTH = 64;

/** @returns {string} the SHA-256 of the C source, in hex */
export function sourceHash() {
  return createHash('sha256')
    .update(readFileSync(join(ROOT, SOURCE)))
    .digest('hex');
}

/**
 * The source hash a binary was made from, read out of its bytes: this works for binaries of other
 * processors too, and does not run a stale one.
 * @param {string} file
 * @returns {string | undefined} undefined when there is no such file or it has no tag
 */
export function embeddedHash(file) {
  if (!existsSync(file)) return undefined;
  const bytes = readFileSync(file);
  const at = bytes.indexOf(TAG);
  if (at < 0) return undefined;
  const start = at + TAG.length;
  const hex = bytes.toString('latin1', start, start + HEX_LENGTH);
  return /^[0-9a-f]{64}$/.test(hex) ? hex : undefined;
}

/**
 * The source hash of a binary that this machine can load.
 * @param {string} file
 * @returns {string} throws what loading it throws
 */
export function loadedHash(file) {
  const own = { exports: { sourceSha256: '' } };
  process.dlopen(own, file);
  return own.exports.sourceSha256;
}
