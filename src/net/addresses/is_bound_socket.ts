/** Whether a value is a `BoundSocket`, asked without loading that class. */
import { kBound } from '../symbols.js';
import type { BoundSocket } from './bound_socket.js';

/** Whether it is a `BoundSocket`; asked this way, its module need not be loaded for an answer. */
export function isBoundSocket(value: unknown): value is BoundSocket {
  return typeof value === 'object' && value !== null && kBound in value;
}
