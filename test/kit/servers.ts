/** Servers of ours: where they listen, and what they say and do. */
import assert from 'node:assert/strict';
import { linux } from '#internal/sys/linux';
import { peer } from './peer.js';
import type { Server, Socket } from './row.js';
import { event } from './wait.js';

/** The TCP port that a server listens on. */
export function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** Waits until a server listens. Returns its port; 0 for a UNIX path. */
export async function listening(server: Server, options: object): Promise<number> {
  server.listen(options);
  await event(server, 'listening');
  return typeof server.address() === 'string' ? 0 : portOf(server);
}

/** A descriptor that is bound and does not listen, and its port. */
export function boundDescriptor(): { fd: number; port: number } {
  const { AF_INET, SOCK_STREAM } = linux.constants;
  const fd = linux.socket(AF_INET, SOCK_STREAM, 0);
  linux.bind(fd, AF_INET, '127.0.0.1', 0);
  const name = linux.getsockname(fd);
  if (typeof name === 'number') throw new Error(`getsockname: ${name}`);
  return { fd, port: name.port };
}

/** What `getConnections` gives to its callback. */
export function count(server: Server): Promise<[Error | null, number]> {
  return new Promise((resolve) => {
    server.getConnections((error, n) => resolve([error, n]));
  });
}

/** A connection listener that sends back what it gets. */
export function echo(socket: Socket): void {
  socket.pipe(socket);
}

/** Asserts that connections are served: one more gets its echo. */
export async function answers(port: number): Promise<void> {
  const client = await peer.connect({ port });
  await client.write('ping');
  assert.equal((await client.until({ bytes: 4 })).text, 'ping');
  await client.destroy();
}
