/** Connected sockets: ours at one end, Node's own at the other. */

import { type EventEmitter, once } from 'node:events';
import { type AddressInfo, connect as connectPlain, type Socket as PlainSocket } from 'node:net';
import type { Readable } from 'node:stream';
import { createServer, type Server, type ServerOptions, type Socket } from 'barewire';
import { type Family, socketPath } from './echo.js';
import type { Scope } from './test.js';

/** Where a server listens, for `connect`. */
export type Target = { port: number; host: string } | { path: string };

export async function listening(server: Server, family: Family = 'tcp'): Promise<Target> {
  if (family === 'unix') {
    const path = socketPath();
    server.listen(path);
    await once(server, 'listening');
    return { path };
  }
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, host: '127.0.0.1' };
}

/** A server of ours that is closed, with all its connections, at the test's end. */
export async function startServer(
  scope: Scope,
  options: ServerOptions,
  onConnection: (socket: Socket) => void,
  family: Family = 'tcp',
): Promise<Target> {
  const sockets = new Set<Socket>();
  const server = createServer(options, (socket) => {
    sockets.add(socket);
    onConnection(socket);
  });
  scope.defer(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return listening(server, family);
}

export interface Pair {
  /** Accepted by a server of ours. */
  readonly ours: Socket;
  /** Node's own. */
  readonly peer: PlainSocket;
}

/** So many connections to one server of ours, with their two ends matched. */
export async function makePairs(
  scope: Scope,
  count: number,
  options: ServerOptions = {},
  family: Family = 'tcp',
): Promise<Pair[]> {
  const accepted: Socket[] = [];
  const to = await startServer(scope, options, (socket) => accepted.push(socket), family);
  const pairs: Pair[] = [];
  while (pairs.length < count) {
    const peer = connectPlain({ ...to, allowHalfOpen: true });
    scope.defer(() => peer.destroy());
    await once(peer, 'connect');
    while (accepted.length === pairs.length) await new Promise((resolve) => setImmediate(resolve));
    pairs.push({ ours: accepted[pairs.length] as Socket, peer });
  }
  return pairs;
}

export async function makePair(
  scope: Scope,
  options: ServerOptions = {},
  family: Family = 'tcp',
): Promise<Pair> {
  const [pair] = await makePairs(scope, 1, options, family);
  return pair as Pair;
}

/** All that a socket delivers until its end. */
export async function readAll(socket: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(socket, 'end');
  return Buffer.concat(chunks);
}

/** Resolves at 'close', with or without an error before. To be called before it may happen. */
export function closing(socket: EventEmitter): Promise<void> {
  return new Promise((resolve) => {
    socket.on('close', () => resolve());
  });
}
