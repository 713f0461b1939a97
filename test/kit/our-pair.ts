/** A connection of which both ends are ours. */
import type { Scope, Server, Socket } from './row.js';
import { event } from './wait.js';

export interface OurPair {
  readonly server: Server;
  readonly port: number;
  readonly client: Socket;
  readonly accepted: Socket;
}

/** Both ends of a connection are ours: `client` connected to `server`, which has `accepted`. */
export async function pairOf(
  s: Scope,
  serverOptions: Parameters<Scope['server']>[0] = {},
  clientOptions: object = {},
): Promise<OurPair> {
  const server = s.server(serverOptions);
  const port = await s.port(server);
  const connection = s.connection(server);
  const client = s.connect({ port, host: '127.0.0.1', ...clientOptions });
  await event(client, 'connect');
  return { server, port, client, accepted: await connection };
}
