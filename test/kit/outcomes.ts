/** What comes of a call, a socket or a server: its error, or its text. */
import type { Server, Socket } from './row.js';
import { event } from './wait.js';

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
