/** `NODE_DEBUG=net`: what sockets and servers do, beside the lines of Node's own. */
import { debuglog } from 'node:util';

const log = debuglog('net');

/** Says nothing, and costs next to nothing, without `NODE_DEBUG=net`. */
export function debug(text: string, ...values: unknown[]): void {
  if (log.enabled) log(`barewire: ${text}`, ...values);
}
