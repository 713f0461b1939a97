/**
 * The order of events, ticks, promise jobs and immediates for each way in which a socket ends: that
 * of the built-in. What an `'end'` handler does a few promise jobs later still takes effect.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import builtin, { type AddressInfo, type Socket as PlainSocket } from 'node:net';
import ours from 'barewire/node';
import { type Scope, test } from '../../kit/test.js';

type Log = (what: string) => void;

interface Way {
  readonly allowHalfOpen?: boolean;
  /** What the socket does, a while after it has connected. */
  us?(socket: PlainSocket, log: Log): void;
  /** What the peer does then. */
  peer?(socket: PlainSocket): void;
  /** What the peer does at our end. */
  peerOnEnd?(socket: PlainSocket): void;
  /** What the socket does in its handlers. */
  readonly on?: Readonly<Record<string, (socket: PlainSocket) => void>>;
}

const EVENTS = ['data', 'end', 'prefinish', 'finish', 'error', 'close', 'drain', 'timeout'];
const endToo = (peer: PlainSocket): void => {
  peer.end();
};

const WAYS: Readonly<Record<string, Way>> = {
  'the peer ends': { peer: (peer) => peer.end() },
  'the peer sends and ends': { peer: (peer) => peer.end('x') },
  'the peer ends, and we do later': {
    allowHalfOpen: true,
    peer: (peer) => peer.end(),
    on: { end: (socket) => setTimeout(() => socket.end('bye'), 5) },
  },
  'end()': { us: (socket) => socket.end(), peerOnEnd: endToo },
  'end(data, callback)': {
    us: (socket, log) => socket.end('x', () => log('callback of end')),
    peerOnEnd: endToo,
  },
  'end(much, callback)': {
    us: (socket, log) => socket.end(Buffer.alloc(3e6), () => log('callback of end')),
    peerOnEnd: endToo,
  },
  'write(), end(), each with a callback': {
    us: (socket, log) => {
      socket.write('x', (error) => log(`callback of write ${error}`));
      socket.write('y', (error) => log(`callback of write ${error}`));
      socket.end(() => log('callback of end'));
    },
    peerOnEnd: endToo,
  },
  'destroy()': { us: (socket) => socket.destroy() },
  'destroy(error)': { us: (socket) => socket.destroy(new Error('why')) },
  'write(), destroy()': {
    us: (socket, log) => {
      socket.write('x', (error) => log(`callback of write ${error}`));
      socket.destroy();
    },
  },
  'destroySoon()': {
    us: (socket, log) => {
      socket.write('x', (error) => log(`callback of write ${error}`));
      socket.destroySoon();
    },
  },
  'resetAndDestroy()': { us: (socket) => socket.resetAndDestroy() },
  'the peer resets': { peer: (peer) => peer.resetAndDestroy() },
  "end() in 'data'": {
    peer: (peer) => peer.write('q'),
    on: { data: (socket) => socket.end('a') },
    peerOnEnd: endToo,
  },
  "end() in 'end'": {
    allowHalfOpen: true,
    peer: (peer) => peer.end('q'),
    on: { end: (socket) => socket.end('a') },
  },
  "destroy() in 'end'": {
    peer: (peer) => peer.end('q'),
    on: { end: (socket) => socket.destroy() },
  },
  "destroy(error) behind 'end'": {
    peer: (peer) => peer.end(),
    on: { end: (socket) => queueMicrotask(() => socket.destroy(new Error('truncated'))) },
  },
  "destroy(error) a while behind 'end'": {
    allowHalfOpen: true,
    peer: (peer) => peer.end(),
    on: { end: (socket) => setTimeout(() => socket.destroy(new Error('truncated')), 5) },
  },
  "write() behind 'end'": {
    peer: (peer) => peer.end(),
    on: { end: (socket) => queueMicrotask(() => socket.write('late')) },
  },
  "destroy() in 'finish'": {
    us: (socket) => socket.end('x'),
    on: { finish: (socket) => socket.destroy() },
    peerOnEnd: endToo,
  },
};

function watch(socket: PlainSocket, way: Way, log: Log): void {
  for (const event of EVENTS) {
    socket.on(event, () => {
      log(event);
      process.nextTick(log, `tick behind ${event}`);
      queueMicrotask(() => log(`job behind ${event}`));
      // Here an 'end' that is there already follows 'data' in the same turn, and 'close' follows
      // 'error' directly, as the manual has it.
      const isTold = event !== 'data' && event !== 'error';
      if (isTold) setImmediate(log, `immediate behind ${event}`);
      way.on?.[event]?.(socket);
    });
  }
}

async function history(scope: Scope, connect: typeof builtin.connect, way: Way): Promise<string[]> {
  const seen: string[] = [];
  const log: Log = (what) => seen.push(what);
  const accepted: PlainSocket[] = [];
  const server = builtin.createServer({ allowHalfOpen: true }, (peer) => {
    accepted.push(peer);
    peer.on('error', () => {}).resume();
    peer.on('end', () => way.peerOnEnd?.(peer));
  });
  scope.defer(() => {
    server.close();
    for (const peer of accepted) peer.destroy();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const { allowHalfOpen = false } = way;
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen });
  await once(socket, 'connect');
  while (accepted.length === 0) await new Promise(setImmediate);
  const closed = new Promise((resolve) => {
    socket.on('close', () => setImmediate(() => setImmediate(() => setImmediate(resolve))));
  });
  watch(socket, way, log);
  await new Promise((resolve) => setTimeout(resolve, 5));
  way.us?.(socket, log);
  way.peer?.(accepted[0] as PlainSocket);
  await closed;
  return seen;
}

for (const [name, way] of Object.entries(WAYS)) {
  test(`the order of all that follows ${name}`, async (scope) => {
    const theirs = await history(scope, builtin.connect, way);
    assert.ok(theirs.includes('close'));
    const connect = ours.connect as unknown as typeof builtin.connect;
    assert.deepEqual(await history(scope, connect, way), theirs);
  });
}
