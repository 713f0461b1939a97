/** A relay: two of our sockets, joined by `pipe`, between two of Node's own. */
import { once } from 'node:events';
import { createServer, type Socket as PlainSocket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, type Socket, type SocketConstructorOpts } from 'barewire';
import { type Family, socketPath } from './echo.js';
import { makePair } from './pairs.js';
import { type Scope, watch } from './test.js';

export interface Relayed {
  /** What the sender writes to. */
  readonly near: PlainSocket;
  /** The socket of ours at the sender's side, and the one at the receiver's. */
  readonly source: Socket;
  readonly destination: Socket;
  /** What the receiver reads from. */
  readonly far: PlainSocket;
}

/** Four sockets with nothing piped yet. */
export async function makeRelay(
  scope: Scope,
  options: SocketConstructorOpts = {},
  family: Family = 'tcp',
): Promise<Relayed> {
  const { ours: source, peer: near } = await makePair(scope, { allowHalfOpen: true }, family);
  const server = createServer({ allowHalfOpen: true });
  scope.defer(() => server.close());
  if (family === 'unix') server.listen(socketPath());
  else server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const to =
    typeof address === 'string'
      ? { path: address }
      : { port: address?.port ?? 0, host: '127.0.0.1' };
  const destination = connect({ allowHalfOpen: true, ...options, ...to });
  scope.defer(() => destination.destroy());
  const [[far]] = (await Promise.all([
    once(server, 'connection'),
    once(destination, 'connect'),
  ])) as [[PlainSocket], unknown];
  scope.defer(() => far.destroy());
  for (const one of [near, far]) one.on('error', () => {});
  return { near, source, destination, far };
}

/** How often bytes were spliced so far. */
export function splices(): number {
  return watch.count('splice');
}

/** Resolves when a socket has read `count` bytes. */
export async function passed(socket: { bytesRead: number }, count: number): Promise<void> {
  while (socket.bytesRead < count) await sleep(1);
}
