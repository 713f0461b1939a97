/** `net.connect`: makes a socket and connects it. */
import { option } from '../../util/options.js';
import { normalizeArguments } from '../options/arguments.js';
import type { LooseConnectOptions, SocketOptions } from '../options/socket_options.js';
import type { Profile } from '../profile.js';
import { kConnection, kNormalized } from '../symbols.js';
import type { Socket } from './socket.js';

/** `connect` and `createConnection`: a new socket that is connecting; manual. */
export function connectNew(
  Class: new (options?: SocketOptions | number) => Socket,
  args: readonly unknown[],
  profile: Profile,
): Socket {
  const normalized = normalizeArguments<LooseConnectOptions, () => void>(args);
  const [options] = normalized;
  const socket = new Class(options);
  // A socket that became one of the built-in's has nothing of this package's.
  const ours = kConnection in socket;
  if (ours && profile.keepAliveProbes === 'system') socket[kConnection].idleTimeOnly = true;
  const timeoutMs = option(options, 'timeout');
  if (timeoutMs) socket.setTimeout(timeoutMs as number);
  normalized[kNormalized] = true;
  const [, listener] = normalized;
  return Reflect.apply(socket.connect, socket, ours ? [normalized] : [options, listener]);
}
