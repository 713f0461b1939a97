/**
 * Node's own handles around descriptors of this package's: who reads and writes by them has each
 * byte in native code. Node exports their classes nowhere; a built-in socket is asked for its.
 */
import type builtin from 'node:net';
import type { Host } from '../../transport/host.js';
import { isSystemHost } from '../../transport/host.js';
import type { Stream } from '../../transport/stream.js';

/** A connection over IP, or a UNIX socket. */
export type NativeKind = 'TCP' | 'PIPE';

/** Node's `TCP` or `Pipe`, as far as this package knows it. */
export interface NativeHandle {
  /** The descriptor, or -1 while there is none. */
  readonly fd: number;
  readonly isStreamBase?: boolean;
  /** Takes a connected descriptor over. Returns 0 or -errno. */
  open(fd: number): number;
  close(callback?: () => void): void;
  ref(): void;
  unref(): void;
  hasRef(): boolean;
  /** Whether it was told to read. */
  reading?: boolean;
  /** Returns 0 or -errno. */
  readStart(): number;
}

/** `SOCKET` of both classes' constants. */
const FOR_CONNECTIONS = 0;

type HandleClass = new (role: number) => NativeHandle;

const classes: Partial<Record<NativeKind, HandleClass>> = {};

/** What Node makes of a descriptor of this kind, or null where that is not what we know. */
function findClass(host: Host, kind: NativeKind): HandleClass | null {
  const { kernel } = host;
  const { AF_INET, AF_UNIX, SOCK_STREAM } = kernel.constants;
  const fd = kernel.socket(kind === 'TCP' ? AF_INET : AF_UNIX, SOCK_STREAM, 0);
  if (fd < 0) return null;
  kernel.release(fd);
  // Loaded here: a program that needs none of this shall not pay for it.
  const { Socket } = require('node:net') as typeof builtin;
  try {
    const probe = new Socket({ fd, readable: false, writable: false });
    const { _handle: handle } = probe as builtin.Socket & { _handle?: NativeHandle | null };
    handle?.close();
    const isKnown = handle?.isStreamBase === true && typeof handle.open === 'function';
    return isKnown ? (handle.constructor as HandleClass) : null;
  } catch {
    kernel.adopt(fd);
    kernel.close(fd, -1);
    return null;
  }
}

/**
 * A handle that has no descriptor yet; null where `host` is not this thread's kernel, and where
 * this Node has no such handles as we know them.
 */
export function nativeHandle(host: Host, kind: NativeKind): NativeHandle | null {
  if (!isSystemHost(host)) return null;
  const known = classes[kind] ?? findClass(host, kind);
  if (known === null) return null;
  classes[kind] = known;
  return new known(FOR_CONNECTIONS);
}

/** Which kind of handle a connection of this family has. */
export function nativeKind(host: Host, family: number): NativeKind {
  const { AF_INET, AF_INET6 } = host.kernel.constants;
  return family === AF_INET || family === AF_INET6 ? 'TCP' : 'PIPE';
}

/**
 * Gives `fd`, which this thread owns and nothing watches, to `handle`: it is closed by that from
 * here on. Returns 0, or -errno: the descriptor is as it was then.
 */
export function openNative(host: Host, handle: NativeHandle, fd: number): number {
  const { kernel } = host;
  const released = kernel.release(fd);
  if (released < 0) return released;
  const status = handle.open(fd);
  if (status === 0) return 0;
  kernel.adopt(fd);
  return status;
}

/**
 * Moves the descriptor of `stream`, which has none then, into `handle`. What the stream holds in
 * either direction is the caller's to take out before. Returns 0, or -errno: the descriptor is
 * closed then.
 */
export function moveIntoNative(stream: Stream, handle: NativeHandle): number {
  const { kernel } = stream.host;
  const fd = stream.detach();
  if (fd < 0) return fd;
  const status = handle.open(fd);
  if (status === 0) return 0;
  kernel.adopt(fd);
  kernel.close(fd, -1);
  return status;
}
