/**
 * Loads the native binding: the one file that touches it. Typed as the kernel it is; this is the
 * one place where a type is taken on trust, and the native tests check that trust.
 */
import { existsSync } from 'node:fs';
import { dirname, join, parse } from 'node:path';
import { codedError } from '../util/errors.js';
import type { Kernel } from './kernel.js';

/** Calls whose arguments and results lie in shared words. */
export interface QuickBinding {
  /** Pins the bytes that are read to (0) or written from (1), or the words (2): 0 or -errno. */
  pin(which: number, bytes: Uint8Array | Int32Array): number;
  read(): void;
  write(): void;
  writeMore(): void;
}

/** The calls that the kernel interface has in another form. */
type ByAddress = 'bind' | 'connect' | 'getsockname' | 'getpeername';

/** The kernel, with the bytes of `struct sockaddr` where users have addresses as text. */
export interface Binding extends Omit<Kernel, ByAddress> {
  bind(fd: number, address: Uint8Array): number;
  connect(fd: number, address: Uint8Array): number;
  /** Fills `into` and returns the address's length. */
  getsockname(fd: number, into: Uint8Array): number;
  getpeername(fd: number, into: Uint8Array): number;
  /** if_nametoindex(3): 0 where there is no such interface. */
  interfaceIndex(name: string): number;
  /** if_indextoname(3): fills `into` (16 bytes at least) and returns the name's length. */
  interfaceName(index: number, into: Uint8Array): number;
  /** The SHA-256 of the C source this binary was made from. */
  readonly sourceSha256: string;
  /** For `./quick.ts`. A stand-in that has no memory in common with this process has none. */
  readonly quick?: QuickBinding;
}

/** The folder with the binaries: this package, or a bundle with those beside it. */
function packageRoot(): string {
  const top = parse(__dirname).root;
  for (let folder = __dirname; folder !== top; folder = dirname(folder)) {
    if (existsSync(join(folder, 'prebuilds')) || existsSync(join(folder, 'binding.gyp'))) {
      return folder;
    }
  }
  return __dirname;
}

function isFor(cause: unknown, code: string): boolean {
  return cause instanceof Error && 'code' in cause && cause.code === code;
}

function reason(cause: unknown): string {
  const here = `${process.platform}-${process.arch}`;
  if (process.platform !== 'linux') {
    return `barewire runs on Linux only (this is ${here}): it is made of epoll and Linux sockets.`;
  }
  if (isFor(cause, 'ERR_DLOPEN_DISABLED')) {
    return 'barewire may not load its native file: Node runs without addons. Pass --allow-addons.';
  }
  if (isFor(cause, 'ERR_ACCESS_DENIED')) {
    return 'barewire may not read its own folder. Pass --allow-fs-read with that.';
  }
  return (
    `barewire has no native file for ${here}. Prebuilt ones are for x64 and arm64; elsewhere ` +
    'install a C compiler and run `npm rebuild barewire`.'
  );
}

function unsupported(cause: unknown): Error {
  const error = codedError(Error, 'ERR_BAREWIRE_UNSUPPORTED', reason(cause));
  error.cause = cause;
  return error;
}

/**
 * Loads the file anew for each copy of this package, past Node's cache of modules: the hook is one
 * per load. A test runner with a module registry of its own (Jest's) evaluates this file once per
 * test file, and would get the same binding, hooked already, from the cache.
 */
function loadAnew(path: string): Binding {
  const own = { exports: {} };
  process.dlopen(own, path);
  return own.exports as Binding;
}

/** Under the permission model even `existsSync` throws, for a path that may not be read. */
function isThere(path: string): boolean {
  try {
    return existsSync(path);
  } catch {
    return false;
  }
}

/**
 * The file that came with the package, where nothing speaks for another one. `node-gyp-build` would
 * find the same, but it takes 2 ms to load that and to have it look.
 */
function loadShipped(root: string): Binding | null {
  const { LIBC, BAREWIRE_PREBUILD } = process.env;
  if (LIBC || BAREWIRE_PREBUILD || isThere(join(root, 'build'))) return null;
  // The GNU C library's file might load there, with what takes that library's place.
  if (isThere('/etc/alpine-release')) return null;
  try {
    return loadAnew(join(root, 'prebuilds', `linux-${process.arch}`, 'barewire.glibc.node'));
  } catch {
    return null;
  }
}

function findBinding(override: string | undefined): Binding {
  if (override) return loadAnew(require.resolve(override));
  const root = packageRoot();
  const shipped = loadShipped(root);
  if (shipped !== null) return shipped;
  const { path }: typeof import('node-gyp-build') = require('node-gyp-build');
  return loadAnew(path(root));
}

/** Throws `ERR_BAREWIRE_UNSUPPORTED` where there is no native file for this machine. */
export function loadBinding(): Binding {
  if (process.platform !== 'linux') throw unsupported(undefined);
  try {
    return findBinding(process.env['BAREWIRE_NATIVE']);
  } catch (cause) {
    throw unsupported(cause);
  }
}
