/**
 * Makes sockets and servers of Node's own, only to carry a descriptor over the channel of
 * `child_process`, which takes no others. This loads the built-in `net`, on first use.
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

/** Node's own `net`. The register hook does not change what this package's own files get. */
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

/** Makes a socket of Node's around a descriptor, and gives it the descriptor. It does not read. */
export function builtinSocketOf(fd: number): BuiltinSocket {
  const { Socket } = builtinNet();
  const options = { fd, readable: false, writable: false };
  return new Socket(options) as BuiltinSocket;
}

/** Makes a server that `child_process` accepts: an object of Node's class with a handle in it. */
export function builtinServerOf(fd: number): BuiltinServer {
  const { Server } = builtinNet();
  const carrier = Object.create(Server.prototype) as BuiltinServer;
  carrier._handle = builtinSocketOf(fd)._handle;
  return carrier;
}
