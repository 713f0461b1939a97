/**
 * Makes `child.send(message, socket)` and `process.on('message', (m, socket) => …)` work with
 * sockets and servers of this package, as the manual writes them. The register hook calls this.
 */
import { ChildProcess } from 'node:child_process';
import type { NetModule } from '../net/module.js';
import { receiveHandle } from './receive.js';
import { carrierOf, type SendOptions, sendCarrier } from './send.js';

type AnyFunction = (...args: unknown[]) => unknown;

interface ChannelInternals {
  _send?: AnyFunction;
  emit: AnyFunction;
}

const installed = new WeakSet<object>();

/** `_send` is what both `send` and cluster's workers end in. */
function patchSend(target: ChannelInternals): void {
  const original = target._send;
  if (original === undefined) return;
  target._send = function send(this: unknown, ...args: unknown[]): unknown {
    const [message, handle, options, callback] = args;
    const sendOptions = (typeof options === 'object' ? options : null) as SendOptions | null;
    const carrier = handle ? carrierOf(handle, sendOptions ?? {}) : null;
    if (carrier === null) return Reflect.apply(original, this, args);
    const done =
      typeof callback === 'function' ? (callback as (error: Error | null) => void) : undefined;
    const bound = (...list: unknown[]): boolean => Reflect.apply(original, this, list) as boolean;
    return sendCarrier(bound, message as string, carrier, { ...sendOptions }, done);
  };
}

function patchEmit(target: ChannelInternals, net: NetModule): void {
  const original = target.emit;
  target.emit = function emit(this: unknown, ...args: unknown[]): unknown {
    if (args[0] === 'message' && args[2]) args[2] = receiveHandle(args[2], net);
    return Reflect.apply(original, this, args);
  };
}

function patchChannel(target: object, net: NetModule): void {
  const channel = target as ChannelInternals;
  if (installed.has(target) || channel._send === undefined) return;
  installed.add(target);
  patchSend(channel);
  patchEmit(channel, net);
}

let spawnPatched = false;

/** Every channel of this process from here on: to the parent, and to children made later. */
export function installIpc(net: NetModule): void {
  if (process.channel !== undefined) patchChannel(process, net);
  if (spawnPatched) return;
  spawnPatched = true;
  const prototype = ChildProcess.prototype as unknown as { spawn: AnyFunction };
  const { spawn } = prototype;
  prototype.spawn = function patched(this: object, ...args: unknown[]): unknown {
    const result = Reflect.apply(spawn, this, args);
    patchChannel(this, net);
    return result;
  };
}
