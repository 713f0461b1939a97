import { option } from '../util/options.js';
import { normalizeArguments } from './arguments.js';
import { kCore, kNormalized } from './internals.js';
import type { Socket } from './socket.js';
import type { LooseConnectOptions, SocketOptions } from './socket_types.js';

/** `connect` and `createConnection`: a new socket that is connecting; manual. */
export function connectNew(
  Class: new (options?: SocketOptions | number) => Socket,
  args: readonly unknown[],
): Socket {
  const normalized = normalizeArguments<LooseConnectOptions, () => void>(args);
  const [options] = normalized;
  const socket = new Class(options);
  const timeoutMs = option(options, 'timeout');
  if (timeoutMs) socket.setTimeout(timeoutMs as number);
  normalized[kNormalized] = true;
  // One that goes on as the built-in's does not know this package's mark.
  const ours = kCore in socket;
  const [, listener] = normalized;
  return Reflect.apply(socket.connect, socket, ours ? [normalized] : [options, listener]);
}
