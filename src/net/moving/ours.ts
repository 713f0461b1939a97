/** What is a socket or a server of this package. */
import type { Server } from '../server/server.js';
import type { Socket } from '../socket/socket.js';
import { kAcceptor, kConnection } from '../symbols.js';

/** Whether `value` is a socket of this package. */
export function isOurSocket(value: unknown): value is Socket {
  if (typeof value !== 'object' || value === null) return false;
  // One that went on as the built-in's has none any more.
  return (value as Partial<Socket>)[kConnection] !== undefined;
}

/** Whether `value` is a server of this package. */
export function isOurServer(value: unknown): value is Server {
  return typeof value === 'object' && value !== null && kAcceptor in value;
}
