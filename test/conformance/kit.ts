/** Small things that the tests of this folder and of test/rivals share. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Scope, Server, Socket } from '../contract/kit/row.js';
import { event } from '../contract/kit/wait.js';

/** What a JavaScript program may pass although the types forbid it. */
export function loose<T>(value: unknown): T {
  return value as T;
}

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

/** The first error that a socket or a server emits. */
export async function errorOf(
  emitter: Socket | Server,
): Promise<NodeJS.ErrnoException & { address?: string; port?: number }> {
  const [error] = await event<[NodeJS.ErrnoException]>(emitter, 'error');
  return error;
}

/** What a call throws, or undefined. */
export function thrownBy(call: () => unknown): NodeJS.ErrnoException | undefined {
  try {
    call();
  } catch (error) {
    return error as NodeJS.ErrnoException;
  }
  return undefined;
}

/** Everything a socket delivers until its end. */
export async function textOf(socket: Socket): Promise<string> {
  let text = '';
  socket.setEncoding('latin1').on('data', (part: string) => {
    text += part;
  });
  await event(socket, 'end');
  return text;
}

/** A path that no socket address can hold. */
export function tooLongPath(s: Scope): string {
  const folder = join(s.folder(), 'x'.repeat(100));
  mkdirSync(folder);
  return join(folder, 'y');
}
