/** The messages for a machine or a process in which the native file can not be loaded. */
import { type CodedError, codedError } from '../util/errors.js';
import { ASSET } from './asset.js';
import type { Failure, Obstacle } from './failure.js';

const BUILD = '`npx barewire build` makes one here, from a C compiler and the headers of Node.';
const BESIDE_BUNDLE =
  'If barewire is bundled, put its prebuilds folder beside the bundle, or name the file in ' +
  'BAREWIRE_NATIVE; if it is installed, install it again.';
const IN_EXECUTABLE =
  `Add the file to the executable's assets as '${ASSET}', put barewire's prebuilds folder ` +
  'beside the executable, or name the file in BAREWIRE_NATIVE.';

function here(): string {
  return `${process.platform}-${process.arch}`;
}

function runtime(): string {
  const { bun, deno } = process.versions;
  return bun === undefined ? `Deno ${deno}` : `Bun ${bun}`;
}

const OBSTACLES: Readonly<Record<Obstacle, () => string>> = {
  runtime: () => `barewire runs on Node only (this is ${runtime()}): it hooks into its event loop.`,
  platform: () =>
    `barewire runs on Linux only (this is ${here()}): it is made of epoll and Linux sockets.`,
  node: () => `barewire needs Node 20.19 or newer (this is ${process.versions.node}).`,
  snapshot: () =>
    'barewire can be no part of a V8 snapshot, as it has descriptors and native code. Load it in ' +
    'the function that `v8.startupSnapshot.setDeserializeMainFunction` is given, by a `require` ' +
    'of `module.createRequire`.',
};

function messageOf(cause: unknown): string {
  return (cause instanceof Error ? cause.message : String(cause)).split('\n', 1)[0] ?? '';
}

function codeOf(cause: unknown): unknown {
  return cause instanceof Error && 'code' in cause ? cause.code : undefined;
}

/** Whether `flag` is on the command line, or in the options that children inherit. */
function hasFlag(flag: string): boolean {
  const inherited = (process.env['NODE_OPTIONS'] ?? '').split(/\s+/);
  return [...process.execArgv, ...inherited].includes(flag);
}

function mayRead(folder: string): boolean {
  const { permission } = process as { permission?: { has(what: string, path: string): boolean } };
  return permission === undefined || permission.has('fs.read', folder);
}

function nothingFound(folders: readonly string[]): string {
  const unreadable = folders.find((folder) => !mayRead(folder));
  if (unreadable !== undefined) {
    return `barewire may not read its own folder, ${unreadable}. Pass --allow-fs-read with that.`;
  }
  const ships = ['x64', 'arm64'].includes(process.arch);
  const missing = `barewire has no native file for ${here()}`;
  if (!ships) return `${missing}; those that it comes with are for x64 and arm64. ${BUILD}`;
  const executable = folders.includes(folderOf(process.execPath));
  const wayOut = executable ? IN_EXECUTABLE : BESIDE_BUNDLE;
  return `barewire finds no native file in ${folders.join(', ')} or above. ${wayOut}`;
}

function folderOf(file: string): string {
  return file.slice(0, Math.max(file.lastIndexOf('/'), 1));
}

function notLoaded(file: string, cause: unknown): string {
  if (codeOf(cause) === 'ERR_DLOPEN_DISABLED') {
    const what = 'barewire may not load its native file: Node runs ';
    if (hasFlag('--no-addons')) return `${what}with --no-addons. Leave that out.`;
    return `${what}without addons. Pass --allow-addons.`;
  }
  const message = messageOf(cause);
  const [, symbol] = /undefined symbol: (\w+)/.exec(message) ?? [];
  if (symbol !== undefined) {
    const why = `this ${runtimeName()} has no ${symbol}, which the native file ${file} needs`;
    return `barewire can not be loaded: ${why}.`;
  }
  return `barewire's native file ${file} can not be loaded (${message}). ${BUILD}`;
}

function runtimeName(): string {
  return process.release?.name === 'node' ? `Node ${process.versions.node}` : 'runtime';
}

function reason({ obstacle, named, folders, tried }: Failure): string {
  if (obstacle !== null) return OBSTACLES[obstacle]();
  const last = tried.at(-1);
  if (last === undefined) return nothingFound(folders);
  const text = notLoaded(last.file, last.cause);
  return named === null ? text : `BAREWIRE_NATIVE is ${named}: ${text}`;
}

/** The error for `failure`; its `cause` is the error of loading the file. */
export function describe(failure: Failure): CodedError {
  const error = codedError(Error, 'ERR_BAREWIRE_UNSUPPORTED', reason(failure));
  const last = failure.tried.at(-1);
  if (last !== undefined) error.cause = last.cause;
  return error;
}
