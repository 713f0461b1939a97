/**
 * Properties that a socket of this package gets when it becomes one of the built-in's: the counts
 * of bytes that passed before, and the methods for options that this Node's own sockets lack.
 */
import type builtin from 'node:net';
import { systemHost } from '../../transport/host.js';
import { Stream } from '../../transport/stream.js';
import { NO_OWNER } from '../../transport/stream_owner.js';
import { systemError } from '../../util/system_error.js';
import { validateInt32 } from '../../util/validate.js';
import type { LooseHandle } from '../connection/handle.js';
import {
  applyKeepAlive,
  applyTypeOfService,
  readTypeOfService,
} from '../connection/kernel_options.js';
import { overBuiltin, root } from '../socket/builtin_socket.js';
import type { KeepAliveOptions } from '../socket/set_options.js';
import type { Socket } from '../socket/socket.js';
import { kHost } from '../symbols.js';
import type { NativeHandle } from './native_handle.js';

/** What passed before the native handle, which counts from nothing. */
interface Before {
  readonly handle: NativeHandle;
  bytesRead: number;
  bytesWritten: number;
}

const passed = new WeakMap<object, Before>();

/** Notes what a socket had read and written before it went on with `handle`. */
export function noteBefore(socket: object, before: Before): void {
  passed.set(socket, before);
}

/** `count` more bytes are with the kernel, which the handle did not send. */
export function noteWritten(socket: object, count: number): void {
  const before = passed.get(socket);
  if (before !== undefined) before.bytesWritten += count;
}

type Counter = 'bytesRead' | 'bytesWritten';
type Native = Socket & { _handle: NativeHandle | null };

function countedBefore(socket: Native, counter: Counter): number {
  const before = passed.get(socket);
  if (before === undefined) return 0;
  // Connected anew, with a handle of the built-in's own.
  if (socket._handle !== null && socket._handle !== before.handle) return 0;
  return before[counter];
}

/** The built-in's counters, and under which name they count what the handle did. */
const COUNTERS: Readonly<Record<string, Counter>> = {
  bytesRead: 'bytesRead',
  _bytesDispatched: 'bytesWritten',
};

function addCounters(target: object, above: object): void {
  for (const [name, counter] of Object.entries(COUNTERS)) {
    Object.defineProperty(target, name, {
      get(this: Native): unknown {
        const count: unknown = Reflect.get(above, name, this);
        return typeof count === 'number' ? count + countedBefore(this, counter) : count;
      },
      configurable: true,
      enumerable: true,
    });
  }
}

/** The socket's descriptor for the functions that set and read its options; null where closed. */
function optionsOf(socket: Native): Stream | null {
  const fd = socket._handle?.fd ?? -1;
  if (fd < 0) return null;
  const host = systemHost();
  const name = host.kernel.getsockname(fd);
  return new Stream(host, fd, typeof name === 'number' ? 0 : name.family, NO_OWNER);
}

/**
 * The constructor of Node's wrapper sets these on what it takes for the wrapper. A socket in its
 * place has no use for them, and as properties that come and go they would make it slow.
 */
function ignoreProperties(target: object, keys: readonly PropertyKey[]): void {
  for (const key of keys) {
    const set = function (this: object, value: unknown): void {
      if (value === this || value === null || value === false) return;
      // Somebody else's, by the same name.
      Object.defineProperty(this, key, { ...PLAIN, value });
    };
    Object.defineProperty(target, key, { get() {}, set, configurable: true });
  }
}

/** Who is in the place of Node's wrapper, while the constructor of that runs. */
let constructed: { readonly socket: object; readonly start: () => void } | null = null;

/**
 * The constructor of Node's wrapper goes on with `socket` in its place, and reads last of all: that
 * read is `start()` in place of a read.
 */
export function expectRead(socket: object, start: () => void): void {
  constructed = { socket, start };
}

function addRead(target: object, above: builtin.Socket): void {
  const value = function read(this: Native, size?: number): unknown {
    if (constructed?.socket !== this) return Reflect.apply(above.read, this, [size]);
    const { start } = constructed;
    constructed = null;
    start();
    return null;
  };
  Object.defineProperty(target, 'read', { value, writable: true, configurable: true });
}

const PLAIN = { writable: true, enumerable: true, configurable: true };

/** A handle without a descriptor is one of a socket that nobody has connected. */
function addPending(target: object, above: object): void {
  const get = function (this: Native): unknown {
    return Reflect.get(above, 'pending', this) || (this._handle?.fd ?? 0) < 0;
  };
  Object.defineProperty(target, 'pending', { get, configurable: true });
}

type LaterNode = Partial<Pick<Socket, 'setTypeOfService' | 'getTypeOfService'>>;

function addTypeOfService(target: object, above: LaterNode): void {
  if (above.setTypeOfService !== undefined) return;
  const set = function setTypeOfService(this: Native, tos: number): Native {
    validateInt32(tos, 'tos', 0, 255);
    const handle = this._handle as LooseHandle | null;
    // That of a socket that still connects keeps it until then.
    if (handle !== null && Object.hasOwn(handle, 'setTypeOfService')) {
      handle.setTypeOfService?.(tos);
      return this;
    }
    const stream = optionsOf(this);
    const status = stream === null ? 0 : applyTypeOfService(stream, tos);
    if (status < 0) throw systemError(status, 'setTypeOfService');
    return this;
  };
  const get = function getTypeOfService(this: Native): number {
    const handle = this._handle as LooseHandle | null;
    if (handle?.getTypeOfService !== undefined) return handle.getTypeOfService();
    const stream = optionsOf(this);
    return stream === null ? 0 : readTypeOfService(stream) || 0;
  };
  for (const value of [set, get]) {
    Object.defineProperty(target, value.name, { value, writable: true, configurable: true });
  }
}

/** The parameters of `setKeepAlive` in a Node that takes all of them. */
const KEEP_ALIVE_PARAMETERS = 4;

function seconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : Math.trunc(Number(ms) / 1000) || 0;
}

function addKeepAlive(target: object, above: builtin.Socket): void {
  const plain = above.setKeepAlive;
  if (plain.length >= KEEP_ALIVE_PARAMETERS) return;
  const value = function setKeepAlive(
    this: Native,
    given?: boolean | KeepAliveOptions,
    initialDelay?: number,
    interval?: number,
    count?: number,
  ): Native {
    const isObject = typeof given === 'object' && given !== null;
    const all = isObject ? given : { enable: given, initialDelay, interval, count };
    Reflect.apply(plain, this, [all.enable, all.initialDelay]);
    if (!all.enable || (all.interval ?? all.count) === undefined) return this;
    const times = [seconds(all.initialDelay), seconds(all.interval), all.count] as const;
    const handle = this._handle as LooseHandle | null;
    const stream = optionsOf(this);
    if (stream !== null) {
      applyKeepAlive(stream, {
        keepAlive: true,
        keepAliveDelaySeconds: times[0],
        keepAliveIntervalSeconds: times[1],
        keepAliveCount: times[2],
      });
    } else if (handle !== null && Object.hasOwn(handle, 'setKeepAlive')) {
      handle.setKeepAlive?.(true, ...times);
    }
    return this;
  };
  Object.defineProperty(target, 'setKeepAlive', { value, writable: true, configurable: true });
}

let isDone = false;

/**
 * Adds it to what stands for this package's class once a socket is the built-in's. `ignored` are
 * the properties of Node's wrapper.
 */
export function prepareNativeSockets(ignored: readonly PropertyKey[]): void {
  if (isDone || root.prototype === null) return;
  isDone = true;
  const target = overBuiltin(root.prototype);
  const above = Object.getPrototypeOf(target) as builtin.Socket;
  addCounters(target, above);
  addPending(target, above);
  addRead(target, above);
  ignoreProperties(target, ignored);
  addTypeOfService(target, above as LaterNode);
  addKeepAlive(target, above);
  // Our dialling may go on for it.
  Object.defineProperty(target, kHost, { value: systemHost });
}
