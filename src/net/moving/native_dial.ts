/**
 * This package's dialling for a socket that is the built-in's already, on a handle that has no
 * descriptor yet: until it has, what the handle is told goes to the dial.
 */
import { systemError } from '../../util/system_error.js';
import type { Connection } from '../connection/connection.js';
import { dropContext } from '../connection/context.js';
import { SocketSettings } from '../connection/kernel_options.js';
import { connectArguments, connectFailed, connectSocket } from '../socket/connect.js';
import type { Socket } from '../socket/socket.js';
import { moveIntoNative, type NativeHandle } from './native_handle.js';

type Told = Record<string, (...args: never[]) => unknown>;

/** What `handle` does until it has a descriptor. */
function whileDialling(connection: Connection, handle: NativeHandle, over: () => void): Told {
  const settings = (): SocketSettings => {
    const own = connection.ownExtras();
    own.settings ??= new SocketSettings(false, false, 0);
    return own.settings;
  };
  const { ref, unref, close } = handle;
  return {
    ref(): void {
      connection.referenced = true;
      connection.stream?.ref();
      connection.extras.dial?.ref();
      Reflect.apply(ref, handle, []);
    },
    unref(): void {
      connection.referenced = false;
      connection.stream?.unref();
      connection.extras.dial?.unref();
      Reflect.apply(unref, handle, []);
    },
    close(callback?: () => void): void {
      over();
      connection.destroy();
      dropContext(connection);
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
    getTypeOfService: (): number => connection.extras.settings?.typeOfService ?? 0,
  };
}

/** What the built-in does once it is connected. */
type Connected = Socket & { _sockname: object | null };

/** A socket that nobody has connected yet: it is dialled for by this package when somebody does. */
function connectLater(connection: Connection, socket: Connected, handle: NativeHandle): void {
  let asked = false;
  const value = (...args: unknown[]): Connected => {
    asked = true;
    const [options, listener] = connectArguments(args);
    connectSocket(socket, connection, options, listener);
    // The handle is one for TCP, and would tell empty addresses of a path.
    if (connection.extras.path !== null) Object.assign(handle, NO_ADDRESSES);
    return socket;
  };
  Object.defineProperty(socket, 'connect', { value, writable: true, configurable: true });
  // TLS has to see one that connects, or it would write at once.
  socket.connecting = true;
  process.nextTick(() => {
    if (!asked && connection.extras.nativeDial !== null) socket.connecting = false;
  });
}

const NO_ADDRESSES = { getsockname: undefined, getpeername: undefined };

/**
 * Has `connection` go on dialling for `handle`, which its socket has already. `start` is called
 * when the socket has told that it is connected.
 */
export function dialForNative(
  socket: Connected,
  connection: Connection,
  handle: NativeHandle,
  start: () => void,
): void {
  const over = (): void => {
    for (const name of Object.keys(told)) Reflect.deleteProperty(handle, name);
    Reflect.deleteProperty(socket, 'connect');
    connection.ownExtras().nativeDial = null;
  };
  const told = whileDialling(connection, handle, over);
  Object.assign(handle, told);
  if (!connection.referenced) handle.unref();
  const ended = (status: number): void => {
    if (socket.destroyed || !socket.connecting) return;
    if (status < 0) {
      connectFailed(connection, status);
      return;
    }
    connection.established();
    over();
    const { stream } = connection;
    connection.stream = null;
    const opened = stream === null ? -1 : moveIntoNative(stream, handle);
    dropContext(connection);
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
  connection.ownExtras().nativeDial = { ended };
  if (!socket.connecting) connectLater(connection, socket, handle);
}
