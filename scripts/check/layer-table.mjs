// Which folder of src may import what: docs/ARCHITECTURE.md's table, as data.

const FRONT_DOORS = ['promises', 'interop', 'register', 'testing', 'cli', 'ipc', 'threads'];

/** Files directly in src (index.ts, node.ts, …) count as a layer of this name. */
export const ENTRIES = 'entries';

/** Folder → the other folders it may import from. One that is not here may not exist. */
export const ALLOWED = new Map([
  ['util', []],
  ['sys', ['util']],
  ['reactor', ['util', 'sys']],
  ['transport', ['util', 'sys', 'reactor']],
  ['dial', ['util', 'sys', 'reactor', 'transport']],
  ['net', ['util', 'transport', 'dial']],
  // What there is where the native file does not load. It asks sys for that, and for nothing else.
  ['fallback', ['util', 'sys', 'net']],
  ...FRONT_DOORS.map((folder) => [folder, ['net', 'fallback', ENTRIES]]),
  // Who loads the entry `barewire/ipc` may send any connection; the hook only prepares for it.
  ['register', ['net', 'ipc', 'fallback', ENTRIES]],
  // Puts a simulated kernel under net: it has to know both ends.
  ['testing', ['net', 'transport', 'sys', 'util', ENTRIES]],
  [ENTRIES, ['net', 'fallback', ...FRONT_DOORS]],
]);

const STREAMS = ['node:stream', 'node:events'];
const INPUT_OUTPUT = [
  'node:child_process',
  'node:cluster',
  'node:dgram',
  'node:dns',
  'node:fs',
  'node:http',
  'node:http2',
  'node:https',
  'node:net',
  'node:tls',
  'node:worker_threads',
];

/** Folder → built-in modules it may not import (sub-paths such as node:fs/promises included). */
export const FORBIDDEN = new Map([
  ['util', [...STREAMS, ...INPUT_OUTPUT]],
  ['sys', STREAMS],
  ['reactor', STREAMS],
  ['transport', STREAMS],
  ['dial', STREAMS],
]);

/** The one folder that may load the native binding, and how a specifier of it looks. */
export const NATIVE_FOLDER = 'sys';
export const NATIVE_SPECIFIER = /\.node$|(^|\/)(native|prebuilds)(\/|$)/;
