/** Sends sockets and servers to a child or to the parent. */
import type { ChildProcess, Serializable } from 'node:child_process';
import { refuseElsewhere } from '../fallback/announce.js';
import type { Server, Socket } from '../node.js';
import { type Carrier, carrierOf, type SendOptions } from './carrier.js';
import { type ChannelInternals, watchOver } from './outbox.js';

export type { SendOptions };

type SendCallback = (error: Error | null) => void;
type Send = (...args: unknown[]) => boolean;

/** The receiver of a message: a child, a cluster worker, or `process` in a child. */
export interface Channel {
  /** Node's own function for messages; absent if there is no channel. */
  send?: ChildProcess['send'] | NodeJS.Process['send'];
}

/** Sends a carrier by the channel's own `send`. */
export function sendCarrier(
  channel: ChannelInternals,
  send: Send,
  message: unknown,
  carrier: Carrier,
  options: SendOptions,
  callback: SendCallback | undefined,
): boolean {
  watchOver(channel, carrier);
  try {
    return send(message, carrier.handle, options, (error: Error | null) => {
      if (error) carrier.drop();
      else carrier.sent();
      if (callback !== undefined) callback(error);
      else if (error) process.nextTick(() => emitError(channel, error));
    });
  } catch (error) {
    carrier.drop();
    throw error;
  }
}

/** Emits the error on the channel, as `send` does without a callback. */
function emitError(channel: object, error: Error): void {
  const { emit } = channel as { emit: (event: string, error: Error) => boolean };
  Reflect.apply(emit, channel, ['error', error]);
}

/** The channel of a target. A cluster worker is not the channel itself. */
function channelOf(target: Channel): ChannelInternals {
  const holder = target as { process?: unknown };
  const found = typeof holder.process === 'object' && holder.process ? holder.process : target;
  return found as ChannelInternals;
}

/**
 * Sends `message` with a socket or server of this package, as `child.send(message, handle)` does
 * with Node's own. A socket leaves this process (unless `keepOpen`); a server stays. If the other
 * side dies before it has a socket, the connection is closed.
 * @returns as `child.send`: false if the channel is closed, or has much to send
 * @throws `ERR_SOCKET_CLOSED`, `ERR_SERVER_NOT_RUNNING` if there is no descriptor to send
 */
export function sendHandle(
  target: Channel,
  message: Serializable,
  handle: Socket | Server,
  options: SendOptions = {},
  callback?: SendCallback,
): boolean {
  refuseElsewhere('sendHandle()');
  const { send } = target as { send?: Send };
  if (send === undefined) throw new TypeError('The target has no channel to send over');
  const channel = channelOf(target);
  // A closed channel reports that itself, and the handle stays with the caller.
  const carrier = channel.connected === false ? null : carrierOf(handle, options);
  if (carrier === null) {
    const args = callback === undefined ? [message] : [message, callback];
    return Reflect.apply(send, target, args);
  }
  return sendCarrier(channel, send.bind(target), message, carrier, options, callback);
}
