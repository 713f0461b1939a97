/** Sockets and servers on their way out, to a child or to the parent. */
import type { ChildProcess, Serializable } from 'node:child_process';
import {
  detachSocket,
  duplicateServer,
  duplicateSocket,
  isOurServer,
  isOurSocket,
  releaseDescriptor,
} from '../net/transfer.js';
import type { Server, Socket } from '../node.js';
import { builtinServerOf, builtinSocketOf } from './foreign.js';

/** As of `child.send`: `keepOpen` leaves the socket usable in this process, too. */
export interface SendOptions {
  keepOpen?: boolean | undefined;
}

type SendCallback = (error: Error | null) => void;

/** What a message can be sent to: a child, or `process` in a child. */
export interface Channel {
  send?: ChildProcess['send'] | NodeJS.Process['send'];
}

/** What goes over the channel in place of ours, and what to do when it is through. */
interface Carrier {
  readonly handle: unknown;
  sent(): void;
}

function carrySocket(socket: Socket, options: SendOptions): Carrier {
  const { server } = socket;
  const fd = options.keepOpen
    ? releaseDescriptor(duplicateSocket(socket))
    : detachSocket(socket).fd;
  const carrier = builtinSocketOf(fd);
  // child_process counts the server's connections by what it finds here; it has left ours.
  carrier.server = server;
  if (!options.keepOpen) socket._server = null;
  return {
    handle: carrier,
    sent: () => {
      if (options.keepOpen) carrier._handle?.close();
    },
  };
}

function carryServer(server: Server): Carrier {
  const carrier = builtinServerOf(releaseDescriptor(duplicateServer(server)));
  return { handle: carrier, sent: () => carrier._handle?.close() };
}

/** What to send for `handle`: a carrier for ours, null for anything else. */
export function carrierOf(handle: unknown, options: SendOptions): Carrier | null {
  if (isOurSocket(handle)) return handle._handle === null ? null : carrySocket(handle, options);
  return isOurServer(handle) ? carryServer(handle) : null;
}

/** Sends what `carrierOf` made, by the channel's own `send`. */
export function sendCarrier(
  send: (...args: unknown[]) => boolean,
  message: Serializable,
  carrier: Carrier,
  options: SendOptions,
  callback: SendCallback | undefined,
): boolean {
  return send(message, carrier.handle, options, (error: Error | null) => {
    carrier.sent();
    callback?.(error);
  });
}

/**
 * Sends `message` with a socket or server of this package, as `child.send(message, handle)` does
 * with Node's own. A socket leaves this process (unless `keepOpen`), a server stays.
 * @returns as `child.send`
 * @throws `ERR_SOCKET_CLOSED`, `ERR_SERVER_NOT_RUNNING` where there is no descriptor to send
 */
export function sendHandle(
  target: Channel,
  message: Serializable,
  handle: Socket | Server,
  options: SendOptions = {},
  callback?: SendCallback,
): boolean {
  const send = target.send as ((...args: unknown[]) => boolean) | undefined;
  if (send === undefined) throw new TypeError('The target has no channel to send over');
  const carrier = carrierOf(handle, options);
  if (carrier === null) return Reflect.apply(send, target, [message, handle, options, callback]);
  return sendCarrier(send.bind(target), message, carrier, options, callback);
}
