/**
 * Makes `child.send(message, socket)` and `process.on('message', (m, socket) => …)` work with
 * sockets and servers of this package, as in the manual. The register hook calls this.
 */
import { ChildProcess } from 'node:child_process';
import type { NetModule } from '../net/module.js';
import { leaveUnreadToKernel } from '../net/moving/depart.js';
import { isOurServer, isOurSocket } from '../net/moving/ours.js';
import { ownOptions } from '../util/options.js';
import { carrierOf, isEmpty, type SendOptions } from './carrier.js';
import type { NativeHandle } from './foreign.js';
import type { ChannelInternals } from './outbox.js';
import { receiveHandle, receiveServer } from './receive.js';
import { sendCarrier } from './send.js';

type AnyFunction = (...args: unknown[]) => unknown;
type SendCallback = (error: Error | null) => void;

interface Patchable extends ChannelInternals {
  _send?: AnyFunction;
  emit: AnyFunction;
}

/** Whether `child_process` can send it. If not, it throws, before it looks at the handle. */
function isMessage(message: unknown): boolean {
  return ['string', 'object', 'number', 'boolean'].includes(typeof message);
}

/** Patches `_send`, which both `send` and cluster's workers call in the end. */
function patchSend(target: Patchable): void {
  const original = target._send;
  if (original === undefined) return;
  target._send = function send(this: unknown, ...args: unknown[]): unknown {
    const [message, handle, options, callback] = args;
    if (!(isOurSocket(handle) || isOurServer(handle)) || !isMessage(message)) {
      return Reflect.apply(original, this, args);
    }
    // As with Node's own: if the handle has no descriptor, only the message is sent.
    if (isEmpty(handle)) return Reflect.apply(original, this, [message, null, options, callback]);
    const sendOptions = ownOptions<SendOptions>(Object(options ?? {}));
    const carrier = carrierOf(handle, sendOptions);
    if (carrier === null) return Reflect.apply(original, this, args);
    const bound = (...list: unknown[]): boolean => Reflect.apply(original, this, list) as boolean;
    const done = typeof callback === 'function' ? (callback as SendCallback) : undefined;
    return sendCarrier(target, bound, message, carrier, sendOptions, done);
  };
}

interface HandleMessage {
  cmd: string;
  type: string;
}

function isServerMessage(message: unknown): message is HandleMessage {
  if (typeof message !== 'object' || message === null) return false;
  const { cmd, type } = message as Partial<HandleMessage>;
  return cmd === 'NODE_HANDLE' && type === 'net.Server';
}

/**
 * Delays the servers of a channel. Node makes a server at once, even if nobody listens for
 * messages yet, and it accepts connections that nobody handles. So this lets a server's handle
 * through as a bare handle. The server listens when its message is emitted.
 */
function patchEmit(target: Patchable, net: NetModule): void {
  const original = target.emit;
  const listening = new WeakSet<object>();
  target.emit = function emit(this: unknown, ...args: unknown[]): unknown {
    const [event, message, handle] = args;
    if (typeof handle === 'object' && handle !== null) {
      if (event === 'internalMessage' && isServerMessage(message)) {
        message.type = 'net.Native';
        listening.add(handle);
      } else if (event === 'message') {
        args[2] = listening.delete(handle)
          ? receiveServer(handle as NativeHandle, net)
          : receiveHandle(handle, net);
      }
    }
    return Reflect.apply(original, this, args);
  };
}

const installed = new WeakSet<object>();

function patchChannel(target: object, net: NetModule): void {
  const channel = target as Patchable;
  if (installed.has(target) || channel._send === undefined) return;
  installed.add(target);
  leaveUnreadToKernel();
  patchSend(channel);
  patchEmit(channel, net);
}

/**
 * Replaces sockets and servers of this package in `stdio` by their handles, as Node does its own.
 */
function patchStdio(options: unknown): void {
  if (typeof options !== 'object' || options === null) return;
  const holder = options as { stdio?: unknown };
  if (!Array.isArray(holder.stdio)) return;
  holder.stdio = holder.stdio.map((entry: unknown) =>
    isOurSocket(entry) || isOurServer(entry) ? (entry._handle ?? entry) : entry,
  );
}

let spawnPatched = false;

/** Patches every channel of this process: to the parent, and to children started later. */
export function installIpc(net: NetModule): void {
  if (process.channel !== undefined) patchChannel(process, net);
  if (spawnPatched) return;
  spawnPatched = true;
  const prototype = ChildProcess.prototype as unknown as { spawn: AnyFunction };
  const { spawn } = prototype;
  prototype.spawn = function patched(this: object, ...args: unknown[]): unknown {
    patchStdio(args[0]);
    const result = Reflect.apply(spawn, this, args);
    patchChannel(this, net);
    return result;
  };
}
