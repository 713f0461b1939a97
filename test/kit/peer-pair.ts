/** A connection of ours (accepted or made), with the peer's end of it. */
import { type PeerServer, type PeerSocket, peer } from './peer.js';
import type { PeerConnect, PeerListen, PeerState } from './peer-calls.js';
import type { Scope, Socket } from './row.js';
import { event } from './wait.js';

export interface Pair {
  readonly socket: Socket;
  readonly far: PeerSocket;
}

/** Our server's side of a connection that the peer made. */
export async function accepted(
  s: Scope,
  theirs: Partial<PeerConnect> = {},
  ours: Parameters<Scope['server']>[0] = {},
): Promise<Pair> {
  const server = s.server(ours);
  const connection = s.connection(server);
  const far = await peer.connect({ port: await s.port(server), ...theirs });
  return { socket: await connection, far };
}

/** Our client's side of a connection to the peer. */
export async function connected(
  s: Scope,
  theirs: PeerListen = {},
  ours: object = {},
): Promise<Pair> {
  const there = await peer.listen({ host: '127.0.0.1', ...theirs });
  const socket = s.connect({ port: there.port, host: '127.0.0.1', ...ours });
  await event(socket, 'connect');
  return { socket, far: await there.accept() };
}

/** More than the kernel takes for a peer that does not read (tcp_wmem ends at 4 MB). */
const FILL_BYTES = 8_000_000;

/** Writes so many bytes that some stay queued. Returns how many it wrote. */
export function fillUp(socket: Socket): number {
  if (socket.write(Buffer.alloc(FILL_BYTES, 'f'))) throw new Error('nothing was queued');
  return FILL_BYTES;
}

/** The peer's end of a socket that is about to connect to it, and what it has seen so far. */
export async function farEnd(
  there: PeerServer,
  socket: Socket,
): Promise<{ far: PeerSocket; state: PeerState }> {
  await event(socket, 'connect');
  const far = await there.accept();
  return { far, state: await far.state() };
}
