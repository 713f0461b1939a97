/**
 * Loads the native binding: the one file that touches it. Typed as the kernel it is; this is the
 * one place where a type is taken on trust, and the native tests check that trust.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import load from 'node-gyp-build';
import { codedError } from '../util/errors.js';
import type { Kernel } from './kernel.js';

export interface Binding extends Kernel {
  /** The SHA-256 of the C source this binary was made from. */
  readonly sourceSha256: string;
}

function packageRoot(): string {
  let folder = __dirname;
  while (!existsSync(join(folder, 'package.json'))) folder = join(folder, '..');
  return folder;
}

function unsupported(cause: unknown): Error {
  const here = `${process.platform}-${process.arch}`;
  const message =
    process.platform === 'linux'
      ? `barewire has no native file for ${here}. Prebuilt ones are for x64 and arm64; elsewhere ` +
        'install a C compiler and run `npm rebuild barewire`.'
      : `barewire runs on Linux only (this is ${here}): it is made of epoll and Linux sockets.`;
  const error = codedError(Error, 'ERR_BAREWIRE_UNSUPPORTED', message);
  error.cause = cause;
  return error;
}

/** Throws `ERR_BAREWIRE_UNSUPPORTED` where there is no native file for this machine. */
export function loadBinding(): Binding {
  const override = process.env['BAREWIRE_NATIVE'];
  if (process.platform !== 'linux') throw unsupported(undefined);
  try {
    if (override) return require(override) as Binding;
    return load(packageRoot()) as Binding;
  } catch (cause) {
    throw unsupported(cause);
  }
}
