// Which folder of src may import what: docs/ARCHITECTURE.md's table, as data.

const FRONT_DOORS = ['promises', 'interop', 'register', 'testing', 'ipc', 'threads'];

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
  ...FRONT_DOORS.map((folder) => [folder, ['util', 'net', 'fallback', ENTRIES]]),
  // Who loads the entry `barewire/ipc` may send any connection; the hook only prepares for it.
  ['register', ['util', 'net', 'ipc', 'fallback', ENTRIES]],
  // Puts a simulated kernel under net: it has to know both ends.
  ['testing', ['net', 'transport', 'sys', 'util', ENTRIES]],
  [ENTRIES, ['net', 'fallback', ...FRONT_DOORS]],
]);

/**
 * The wings of src/net, from the top down: a file imports only from its own wing and from those
 * below it. Files directly in src/net belong to the wing that names them, or to the face.
 */
const NET_WINGS = [
  // What makes the module `net` of the parts, and its types. Nothing in net may import it.
  { wing: 'face', files: [] },
  // A connection leaves its socket, or gets one: for threads, processes and the built-in `net`.
  { wing: 'moving', files: [] },
  // `Server`: listening, accepting, cluster. It makes sockets, and may not know how they move away.
  { wing: 'server', files: [] },
  // `Socket`, the surface: its methods, connecting, piping. It may not know of servers.
  { wing: 'socket', files: [] },
  // What stands behind a socket: bytes in, bytes out, time-outs, `_handle`. It sees of the socket
  // above it what connection/duplex.ts says.
  { wing: 'connection', files: [] },
  // `BlockList`, `SocketAddress`, `BoundSocket`, and how addresses look. It knows of no socket.
  { wing: 'addresses', files: [] },
  // The shapes of arguments and options, and how they are put in order. It makes nothing of them.
  { wing: 'options', files: [] },
  // What is known of Node's insides, all of it. It may not know of anything of ours.
  { wing: 'node', files: [] },
  // What all of them share.
  { wing: 'ground', files: ['src/net/symbols.ts', 'src/net/profile.ts'] },
];

/** The same for the simulator. Of the kernel interface beside it every wing may know. */
const SIM_WINGS = [
  // Puts a world together of machines and a network, and runs it callback by callback.
  { wing: 'face', files: [] },
  // One machine: its system calls, its descriptors, and the epoll hook over them.
  { wing: 'machine', files: [] },
  // What a descriptor stands for: sockets, pipes, epoll. And what sockets are bound to.
  { wing: 'files', files: [] },
  // Addresses, the links between machines, and the trouble on them. It knows of no socket.
  { wing: 'network', files: [] },
  // Virtual time: planned events, and Node's timers over them.
  { wing: 'time', files: [] },
  // What the seed decides: random numbers and failing calls; and the record of a run.
  { wing: 'chance', files: [] },
  // Linux's constants.
  { wing: 'ground', files: ['src/sys/sim/constants.ts'] },
];

/** The folders that have wings. */
export const WINGED = new Map([
  ['src/net', NET_WINGS],
  ['src/sys/sim', SIM_WINGS],
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
