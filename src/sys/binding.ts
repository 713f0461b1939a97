/**
 * Loads the native binding. No other file touches it. The binding gets its type here without a
 * check, the only place that does so; the native tests check that the type is true.
 */
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { CodedError } from '../util/errors.js';
import type { Failure, Obstacle } from './failure.js';
import type { Kernel } from './kernel.js';
import type * as reasons from './unsupported.js';

/** Calls that pass their arguments and results in shared words. */
export interface QuickBinding {
  /** Pins the memory for reads (0), for writes (1), or for the words (2). Returns 0 or -errno. */
  pin(which: number, bytes: Uint8Array | Int32Array): number;
  read(): void;
  write(): void;
  writeMore(): void;
}

/** The calls to which the kernel interface gives another form. */
type ByAddress = 'bind' | 'connect' | 'getsockname' | 'getpeername';

/** The kernel, with addresses as bytes of `struct sockaddr` in place of text. */
export interface Binding extends Omit<Kernel, ByAddress> {
  bind(fd: number, address: Uint8Array): number;
  connect(fd: number, address: Uint8Array): number;
  /** Fills `into` and returns the address's length. */
  getsockname(fd: number, into: Uint8Array): number;
  getpeername(fd: number, into: Uint8Array): number;
  /** if_nametoindex(3): 0 if there is no such interface. */
  interfaceIndex(name: string): number;
  /** if_indextoname(3): fills `into` (16 bytes at least) and returns the name's length. */
  interfaceName(index: number, into: Uint8Array): number;
  /** The SHA-256 of the C source this binary was made from. */
  readonly sourceSha256: string;
  /** For `./quick.ts`. A stand-in that shares no memory with this process has none. */
  readonly quick?: QuickBinding;
}

/** The oldest Node that `engines` of package.json allows. */
const OLDEST = [20, 19] as const;
const FIRST_FILE = join('build', 'Release', 'barewire.node');

function isOlder(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]);
}

/**
 * Whether Node builds a snapshot. A snapshot can not contain a native file: Node would end with a
 * fatal error.
 */
function buildsSnapshot(): boolean {
  if (!process.execArgv.some((flag) => /^--(build-s|experimental-sea)/.test(flag))) return false;
  const { startupSnapshot }: typeof import('node:v8') = require('node:v8');
  return startupSnapshot.isBuildingSnapshot();
}

function findObstacle(): Obstacle | null {
  const { versions, platform } = process;
  // Checked before any file is opened: Bun and Deno have another event loop, and the native file
  // would end the process.
  if (versions['bun'] !== undefined || versions['deno'] !== undefined) return 'runtime';
  if (platform !== 'linux') return 'platform';
  if (isOlder(versions.node)) return 'node';
  return buildsSnapshot() ? 'snapshot' : null;
}

/**
 * Whether the file exists. Under the permission model even `existsSync` throws, if the path may
 * not be read.
 */
function isThere(path: string): boolean {
  try {
    return existsSync(path);
  } catch {
    return false;
  }
}

/**
 * The folders to search from: that of this file, or of the bundle that contains it. An ES module
 * has no `__dirname`.
 */
function startFolders(): string[] {
  if (typeof __dirname === 'string') return [__dirname];
  const own = /(file:\/\/\/\S+?):\d+:\d+/.exec(new Error().stack ?? '')?.[1];
  const { fileURLToPath }: typeof import('node:url') = require('node:url');
  const files = [own === undefined ? undefined : fileURLToPath(own), process.argv[1]];
  return files.flatMap((file) => (file === undefined ? [] : [dirname(file)]));
}

/** The shipped files that may fit this machine, the most likely one first. */
function shippedNames(): string[] {
  // On Alpine the GNU C library's file could load, by a library that stands in for it, so it is
  // left out.
  const libcs = isThere('/etc/alpine-release') ? ['musl'] : ['glibc', 'musl'];
  return libcs.map((libc) => join('prebuilds', `linux-${process.arch}`, `barewire.${libc}.node`));
}

/**
 * The native files of the first of `folders` (or of a folder above it) that has any: the one
 * compiled on this machine first, then the shipped ones.
 */
function filesFrom(folders: readonly string[]): string[] {
  const names = [FIRST_FILE, ...shippedNames()];
  for (const start of folders) {
    let above = '';
    for (let folder = start; folder !== above; folder = dirname(folder)) {
      const files = names.map((name) => join(folder, name)).filter(isThere);
      if (files.length > 0) return files;
      above = folder;
    }
  }
  return [];
}

/**
 * Loads the native file anew for each copy of this package, past Node's cache of modules, since
 * each load has one hook. A test runner with its own module registry (Jest) evaluates this file
 * once per test file. From the cache it would get the same binding, whose hook is in use already.
 */
function loadAnew(path: string): Binding {
  const own: { exports: Partial<Binding> } = { exports: {} };
  process.dlopen(own, path);
  if (own.exports.hookOpen === undefined) throw new Error(`${path} is no native file of barewire`);
  return own.exports as Binding;
}

/** The result of loading: a binding or a failure. */
export type Native =
  | { readonly binding: Binding; readonly failure: null }
  | { readonly binding: null; readonly failure: Failure };

function loadFirst(files: readonly string[], folders: readonly string[]): Native {
  const tried: { file: string; cause: unknown }[] = [];
  for (const file of files) {
    try {
      return { binding: loadAnew(file), failure: null };
    } catch (cause) {
      tried.push({ file, cause });
      if (!mayTryAnother(cause)) break;
    }
  }
  return { binding: null, failure: { obstacle: null, named: null, folders, tried } };
}

/**
 * Whether another shipped file may be tried. Not musl's on a machine with the GNU C library, which
 * might well load it.
 */
function mayTryAnother(cause: unknown): boolean {
  if (!(cause instanceof Error) || !cause.message.includes('libc.so.6')) return false;
  return !cause.message.includes('GLIBC');
}

function find(): Native {
  const obstacle = findObstacle();
  if (obstacle !== null) {
    return { binding: null, failure: { obstacle, named: null, folders: [], tried: [] } };
  }
  const { BAREWIRE_NATIVE: named } = process.env;
  if (named) {
    const { binding, failure } = loadFirst([resolve(named)], []);
    return failure === null ? { binding, failure } : { binding, failure: { ...failure, named } };
  }
  const folders = startFolders();
  if (folders.includes(dirname(process.execPath))) {
    const { loadAsset }: typeof import('./asset.js') = require('./asset.js');
    const outcome = loadAsset((file) => loadFirst([file], folders));
    if (outcome !== null) return outcome;
  }
  return loadFirst(filesFrom(folders), folders);
}

/** `ERR_BAREWIRE_UNSUPPORTED`, with the cause and the way out. */
export function unsupported(failure: Failure): CodedError {
  const { describe }: typeof reasons = require('./unsupported.js');
  return describe(failure);
}

/** The binding that was loaded with this module, or the failure. */
export const native: Native = find();

/** Loads a separate binding. Throws `ERR_BAREWIRE_UNSUPPORTED` if none can be loaded. */
export function loadBinding(): Binding {
  const { binding, failure } = find();
  if (failure !== null) throw unsupported(failure);
  return binding;
}
