/**
 * Loads the native binding: the one file that touches it. Typed as the kernel it is; this is the
 * one place where a type is taken on trust, and the native tests check that trust.
 */
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { CodedError } from '../util/errors.js';
import type { Failure, Obstacle } from './failure.js';
import type { Kernel } from './kernel.js';
import type * as reasons from './unsupported.js';

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

/** The oldest Node that `engines` of package.json allows. */
const OLDEST = [20, 19] as const;
const FIRST_FILE = join('build', 'Release', 'barewire.node');

function isOlder(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]);
}

/** A native file can be no part of a snapshot: Node ends with a fatal error. */
function buildsSnapshot(): boolean {
  if (!process.execArgv.some((flag) => /^--(build-s|experimental-sea)/.test(flag))) return false;
  const { startupSnapshot }: typeof import('node:v8') = require('node:v8');
  return startupSnapshot.isBuildingSnapshot();
}

function findObstacle(): Obstacle | null {
  const { versions, platform } = process;
  // Before any file is opened: theirs is another event loop, which ends the process.
  if (versions['bun'] !== undefined || versions['deno'] !== undefined) return 'runtime';
  if (platform !== 'linux') return 'platform';
  if (isOlder(versions.node)) return 'node';
  return buildsSnapshot() ? 'snapshot' : null;
}

/** Under the permission model even `existsSync` throws, for a path that may not be read. */
function isThere(path: string): boolean {
  try {
    return existsSync(path);
  } catch {
    return false;
  }
}

/** Where this file is, or what it is bundled into. An ES module has no `__dirname`. */
function startFolders(): string[] {
  if (typeof __dirname === 'string') return [__dirname];
  const own = /(file:\/\/\/\S+?):\d+:\d+/.exec(new Error().stack ?? '')?.[1];
  const { fileURLToPath }: typeof import('node:url') = require('node:url');
  const files = [own === undefined ? undefined : fileURLToPath(own), process.argv[1]];
  return files.flatMap((file) => (file === undefined ? [] : [dirname(file)]));
}

/** The shipped files that may fit this machine, the likely one first. */
function shippedNames(): string[] {
  // The GNU C library's file might load there, with what takes that library's place.
  const libcs = isThere('/etc/alpine-release') ? ['musl'] : ['glibc', 'musl'];
  return libcs.map((libc) => join('prebuilds', `linux-${process.arch}`, `barewire.${libc}.node`));
}

/**
 * The native files of the first of these folders, or of one above it, that has any: made on this
 * machine, then shipped.
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
 * Loads the file anew for each copy of this package, past Node's cache of modules: the hook is one
 * per load. A test runner with a module registry of its own (Jest's) evaluates this file once per
 * test file, and would get the same binding, hooked already, from the cache.
 */
function loadAnew(path: string): Binding {
  const own: { exports: Partial<Binding> } = { exports: {} };
  process.dlopen(own, path);
  if (own.exports.hookOpen === undefined) throw new Error(`${path} is no native file of barewire`);
  return own.exports as Binding;
}

/** What loading ended with: one or the other. */
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

/** Not musl's file beside the GNU C library, which might well load it. */
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

/** `ERR_BAREWIRE_UNSUPPORTED`, with what is the matter and the way out of it. */
export function unsupported(failure: Failure): CodedError {
  const { describe }: typeof reasons = require('./unsupported.js');
  return describe(failure);
}

/** What was loaded with this module. */
export const native: Native = find();

/** A binding of its own, loaded anew. Throws `ERR_BAREWIRE_UNSUPPORTED` where there is none. */
export function loadBinding(): Binding {
  const { binding, failure } = find();
  if (failure !== null) throw unsupported(failure);
  return binding;
}
