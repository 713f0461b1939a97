/**
 * Node's permission model, where it knows of the network (Node 26: `--permission` without
 * `--allow-net`, or after `process.permission.drop('net')`). What the built-in refuses is refused
 * here: native code goes past Node's own checks.
 */
import { type Host, isSystemHost } from '../../transport/host.js';
import { codedError } from '../../util/errors.js';

const TEXT = 'Access to this API has been restricted. Use --allow-net to manage permissions.';

interface Permission {
  has(scope: string): boolean;
}

let isKnown: boolean | null = null;

/** An older Node answers that it has no permission for a scope that it does not know. */
function knowsNetwork(): boolean {
  isKnown ??= process.allowedNodeEnvironmentFlags.has('--allow-net');
  return isKnown;
}

/** Whether this process may not use the network. A simulated host has none. */
function isDenied(host: Host): boolean {
  const { permission } = process as { permission?: Permission };
  if (permission === undefined || !isSystemHost(host)) return false;
  return knowsNetwork() && !permission.has('net');
}

/** The error for binding or listening; null where that is allowed. */
export function deniedListen(host: Host, resource: string): Error | null {
  if (!isDenied(host)) return null;
  const error = codedError(Error, 'ERR_ACCESS_DENIED', TEXT);
  return Object.assign(error, { permission: 'Net', resource });
}

/** The error for connecting; null where that is allowed. */
export function deniedConnect(host: Host, address: string, port?: number): Error | null {
  if (!isDenied(host)) return null;
  const error = new Error(`connect ERR_ACCESS_DENIED ${TEXT}`);
  const where = { address, ...(port !== undefined && { port }) };
  const what = { permission: 'Net', resource: address };
  return Object.assign(error, { code: 'ERR_ACCESS_DENIED', syscall: 'connect', ...where, ...what });
}
