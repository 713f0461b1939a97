/** Every seed that ever found a fault, with the fault. They run again each time. */
export const KNOWN_SEEDS: readonly (readonly [seed: string, found: string])[] = [
  ['4', 'a connection whose SO_ERROR could not be asked for was reported with a status of NaN'],
  ['386', 'bytes that nobody read appear in the next connection (in Node as well; left out)'],
  ['504', 'write callbacks came in the wrong order after a large write that was done at once'],
  ['mws76hb7-164', 'a connection failed, and what was written behind the first chunk was sent'],
  ['mx48eeoq-6039', 'a callback that writes overtook the write that waited behind its own'],
  ['15', 'a write failed before what the peer had said was read (over TCP)'],
  ['36', 'the same, with a peer that closed over a UNIX socket'],
  ['127', 'the simulator shared memory with the writer (with planted bug 9)'],
];
