/**
 * Sockets and servers of Node's own, made only to carry a descriptor over `child_process`'s
 * channel, which takes no others. The built-in `net` is loaded for this, on first use.
 */
import type * as builtin from 'node:net';

/** A handle of Node's own; `fd` is -1 once it is closed. */
export interface NativeHandle {
  readonly fd: number;
  close(callback?: () => void): void;
  readStop?(): number;
}

export type BuiltinSocket = builtin.Socket & { _handle: NativeHandle | null; server?: unknown };

export type BuiltinServer = builtin.Server & { _handle: NativeHandle | null };

/** Node's own `net`: the register hook leaves what this package's own files ask for alone. */
function builtinNet(): typeof builtin {
  return require('node:net') as typeof builtin;
}

/** Whether `value` is a socket that Node made. */
export function isBuiltinSocket(value: unknown): value is BuiltinSocket {
  return value instanceof builtinNet().Socket;
}

/** Whether `value` is a server that Node made. */
export function isBuiltinServer(value: unknown): value is BuiltinServer {
  return value instanceof builtinNet().Server;
}

/** A socket of Node's around a descriptor, which is its from here on. It does not read. */
export function builtinSocketOf(fd: number): BuiltinSocket {
  const { Socket } = builtinNet();
  const options = { fd, readable: false, writable: false };
  return new Socket(options) as BuiltinSocket;
}

/** What `child_process` takes for a server: an object of that class with a handle in it. */
export function builtinServerOf(fd: number): BuiltinServer {
  const { Server } = builtinNet();
  const carrier = Object.create(Server.prototype) as BuiltinServer;
  carrier._handle = builtinSocketOf(fd)._handle;
  return carrier;
}
