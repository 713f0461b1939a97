/**
 * This package's dialling for a socket that is the built-in's already, on a handle that has no
 * descriptor yet: until it has, what the handle is told goes to the dial.
 */
import { systemError } from '../../util/system_error.js';
import type { SocketCore } from '../connection/connection.js';
import { SocketSettings } from '../connection/settings.js';
import { connectArguments, connectFailed, connectSocket } from '../socket/connect.js';
import type { Socket } from '../socket/socket.js';
import { moveIntoNative, type NativeHandle } from './native_handle.js';

type Told = Record<string, (...args: never[]) => unknown>;

/** What `handle` does until it has a descriptor. */
function whileDialling(core: SocketCore, handle: NativeHandle, over: () => void): Told {
  const settings = (): SocketSettings => {
    core.settings ??= new SocketSettings(false, false, 0);
    return core.settings;
  };
  const { ref, unref, close } = handle;
  return {
    ref(): void {
      core.referenced = true;
      core.stream?.ref();
      core.dial?.ref();
      Reflect.apply(ref, handle, []);
    },
    unref(): void {
      core.referenced = false;
      core.stream?.unref();
      core.dial?.unref();
      Reflect.apply(unref, handle, []);
    },
    close(callback?: () => void): void {
      over();
      core.destroy();
      core.dropScope();
      Reflect.apply(close, handle, [callback]);
    },
    setNoDelay(on: boolean): number {
      settings().noDelay = on;
      return 0;
    },
    setKeepAlive(on: boolean, delay?: number, interval?: number, count?: number): number {
      const wanted = { keepAlive: on, keepAliveDelaySeconds: delay ?? 0 };
      const times = { keepAliveIntervalSeconds: interval, keepAliveCount: count };
      Object.assign(settings(), wanted, times);
      return 0;
    },
    setTypeOfService(tos: number): number {
      settings().typeOfService = tos;
      return 0;
    },
    getTypeOfService: (): number => core.settings?.typeOfService ?? 0,
  };
}

/** What the built-in does once it is connected. */
type Connected = Socket & { _sockname: object | null };

/** A socket that nobody has connected yet: it is dialled for by this package when somebody does. */
function connectLater(core: SocketCore, socket: Connected, handle: NativeHandle): void {
  let asked = false;
  const value = (...args: unknown[]): Connected => {
    asked = true;
    const [options, listener] = connectArguments(args);
    connectSocket(socket, core, options, listener);
    // The handle is one for TCP, and would tell empty addresses of a path.
    if (core.path !== null) Object.assign(handle, NO_ADDRESSES);
    return socket;
  };
  Object.defineProperty(socket, 'connect', { value, writable: true, configurable: true });
  // TLS has to see one that connects, or it would write at once.
  socket.connecting = true;
  process.nextTick(() => {
    if (!asked && core.nativeDial !== null) socket.connecting = false;
  });
}

const NO_ADDRESSES = { getsockname: undefined, getpeername: undefined };

/**
 * Has `core` go on dialling for `handle`, which its socket has already. `start` is called when the
 * socket has told that it is connected.
 */
export function dialForNative(
  socket: Connected,
  core: SocketCore,
  handle: NativeHandle,
  start: () => void,
): void {
  const over = (): void => {
    for (const name of Object.keys(told)) Reflect.deleteProperty(handle, name);
    Reflect.deleteProperty(socket, 'connect');
    core.nativeDial = null;
  };
  const told = whileDialling(core, handle, over);
  Object.assign(handle, told);
  if (!core.referenced) handle.unref();
  const ended = (status: number): void => {
    if (socket.destroyed || !socket.connecting) return;
    if (status < 0) {
      connectFailed(core, status);
      return;
    }
    core.established();
    over();
    const { stream } = core;
    core.stream = null;
    const opened = stream === null ? -1 : moveIntoNative(stream, handle);
    core.dropScope();
    socket.connecting = false;
    socket._sockname = null;
    if (opened < 0) {
      socket.destroy(systemError(opened, 'open'));
      return;
    }
    socket._unrefTimer();
    socket.emit('connect');
    socket.emit('ready');
    start();
  };
  core.nativeDial = { ended };
  if (!socket.connecting) connectLater(core, socket, handle);
}
