/** What `new Socket(options)` does, to an object that has the right prototype already. */

import { addAbortListener } from 'node:events';
import { Duplex, type DuplexOptions } from 'node:stream';
import { types } from 'node:util';
import { familyOf } from '../../transport/bind.js';
import { descriptorType } from '../../transport/foreign.js';
import type { Host } from '../../transport/host.js';
import { Stream } from '../../transport/stream.js';
import { codedError, invalidArgValue, invalidFdType } from '../../util/errors.js';
import { ownOptions, pick } from '../../util/options.js';
import { errno, systemError } from '../../util/system_error.js';
import {
  abortError,
  validateAbortSignal,
  validateInt32,
  validateNumber,
} from '../../util/validate.js';
import { validateBlockList } from '../addresses/block_list.js';
import { isBoundSocket } from '../addresses/is_bound_socket.js';
import { Connection } from '../connection/connection.js';
import type { ListenContext } from '../connection/context.js';
import type { ServerDefaults as Server, WriteCallback } from '../connection/duplex.js';
import { type LooseHandle, SocketHandle } from '../connection/handle.js';
import { SocketSettings, settingsOnDescriptor } from '../connection/kernel_options.js';
import { UserRead } from '../connection/read_sink.js';
import { BUILTIN_READ_BYTES } from '../node/builtin_read.js';
import { defaultHighWaterMark } from '../options/high_water_mark.js';
import type { SocketOptions } from '../options/socket_options.js';
import { kAcceptor, kBound, kConnection } from '../symbols.js';
import { asksForBuiltin, becomeBuiltin, standIn } from './builtin_socket.js';
import type { SocketSurface as Socket } from './surface.js';

const { isUint8Array } = types;

/** The options that only this package passes. */
export interface InternalSocketOptions extends SocketOptions {
  /** Do not read, and begin paused; a server's `pauseOnConnect`. */
  pauseOnCreate?: boolean | undefined;
  /** Do not read until asked. */
  manualStart?: boolean | undefined;
  objectMode?: unknown;
  readableObjectMode?: unknown;
  writableObjectMode?: unknown;
}

/** What Duplex is made with. `'close'` is ours to emit: it carries an argument. */
export function duplexOptions(options: InternalSocketOptions): DuplexOptions {
  // A signal is watched here: Duplex would destroy a socket that is not set up yet.
  const { signal: _, ...others } = options;
  return ownOptions<DuplexOptions>({
    highWaterMark: defaultHighWaterMark(),
    ...others,
    allowHalfOpen: Boolean(options.allowHalfOpen),
    emitClose: false,
    autoDestroy: true,
    decodeStrings: true,
  } as DuplexOptions);
}

/** The legacy form is a descriptor's number; anything else is copied before use. */
export function socketOptions(options: unknown): InternalSocketOptions {
  const given = typeof options === 'number' ? { fd: options } : Object(options ?? {});
  const checked: InternalSocketOptions = ownOptions(given);
  for (const name of ['objectMode', 'readableObjectMode', 'writableObjectMode'] as const) {
    if (checked[name]) {
      throw invalidArgValue(`options.${name}`, checked[name], 'is not supported');
    }
  }
  if (checked.keepAliveInitialDelay !== undefined) {
    validateNumber(checked.keepAliveInitialDelay, 'options.keepAliveInitialDelay');
    if (checked.keepAliveInitialDelay < 0) checked.keepAliveInitialDelay = 0;
  }
  if (checked.typeOfService !== undefined) {
    validateInt32(checked.typeOfService, 'options.typeOfService', 0, 255);
  }
  return checked;
}

/** After the peer's FIN a write has nobody to go to: say that, in place of "write after end". */
function writeAfterEnd(
  this: Socket,
  chunk: unknown,
  encoding?: BufferEncoding | WriteCallback,
  callback?: WriteCallback,
): boolean {
  if (!this.writableEnded) {
    return Duplex.prototype.write.call(this, chunk, encoding as BufferEncoding, callback);
  }
  const done = typeof encoding === 'function' ? encoding : callback;
  const message = 'This socket has been ended by the other party';
  const error = codedError(Error, 'EPIPE', message);
  if (typeof done === 'function') process.nextTick(done, error);
  this.destroy(error);
  return false;
}

export function onPeerEnded(this: Socket): void {
  if (!this.allowHalfOpen) this.write = writeAfterEnd as Socket['write'];
}

/** Takes over a descriptor by its number. Throws where it is no stream. */
function adoptDescriptor(socket: Socket, host: Host, fd: number): Stream {
  validateInt32(fd, 'fd', 0);
  const { kernel } = host;
  const type = descriptorType(host, fd);
  if (typeof type === 'number') throw systemError(type, 'open');
  if (type === 'LISTENER' && kernel.ofNode(fd) === 1) throw systemError(-errno.EEXIST, 'open');
  if (type !== 'TCP' && type !== 'PIPE') throw invalidFdType(type);
  const adopted = kernel.adopt(fd);
  if (adopted < 0) throw systemError(adopted, 'open');
  try {
    return streamOf(socket, host, fd, kernel.kind(fd) === kernel.constants.S_IFSOCK);
  } catch (error) {
    kernel.release(fd);
    throw error;
  }
}

/** A stream for a descriptor of ours that is connected. */
export function streamOf(socket: Socket, host: Host, fd: number, isSocket: boolean): Stream {
  const family = isSocket ? Math.max(familyOf(host, fd), 0) : 0;
  const stream = new Stream(host, fd, family, socket[kConnection]);
  const opened = stream.open();
  if (opened < 0) throw systemError(opened, 'open');
  return stream;
}

function takeSettings(connection: Connection, options: InternalSocketOptions): void {
  const { noDelay, keepAlive, keepAliveInitialDelay, typeOfService } = options;
  if (!noDelay && !keepAlive && !keepAliveInitialDelay && typeOfService === undefined) return;
  const delaySeconds = Math.trunc((keepAliveInitialDelay ?? 0) / 1000);
  const settings = new SocketSettings(Boolean(noDelay), Boolean(keepAlive), delaySeconds);
  settings.typeOfService = typeOfService;
  connection.ownExtras().settings = settings;
}

function takeOnRead(connection: Connection, onread: SocketOptions['onread']): void {
  if (onread === null || typeof onread !== 'object') return;
  const { buffer, callback } = pick(onread, ['buffer', 'callback']);
  if (typeof callback !== 'function') return;
  const { socket } = connection;
  const generate = typeof buffer === 'function' ? buffer : null;
  const first: unknown = typeof buffer === 'function' ? buffer() : buffer;
  // A function that has no buffer yet gets one of ours, so that nothing waits for it.
  if (isUint8Array(first)) connection.sink = new UserRead(socket, first, generate, callback);
  else if (generate !== null) {
    connection.sink = new UserRead(
      socket,
      Buffer.allocUnsafe(BUILTIN_READ_BYTES),
      generate,
      callback,
    );
  }
}

function watchSignal(socket: Socket, signal: AbortSignal): void {
  validateAbortSignal(signal, 'signal');
  const onAbort = (): void => {
    socket._aborted = true;
    socket.destroy(abortError(signal));
  };
  if (signal.aborted) {
    process.nextTick(onAbort);
    return;
  }
  const listening = addAbortListener(signal, onAbort);
  socket.once('close', () => listening[Symbol.dispose]());
}

/** What few sockets set: the prototype has it, since as a property of each it costs memory. */
export const seldomSet = { _hadError: false, _host: null, _parent: null };

/** Gives a socket what each one has; `Duplex` has been constructed on it. */
function equip(socket: Socket): Connection {
  const connection = new Connection(socket);
  socket[kConnection] = connection;
  socket.connecting = false;
  socket.server = null;
  socket._server = null;
  socket.on('end', onPeerEnded);
  return connection;
}

/** Reads from here on, or leaves that to the user. */
function begin(connection: Connection, paused: boolean, reads: boolean): void {
  if (connection.extras.settings !== null) connection.established();
  if (paused) connection.socket.pause();
  else if (reads) connection.socket.read(0);
}

/**
 * As `initialiseSocket`, for what `server` accepted; `handle` is its handle where somebody has seen
 * that. An object with options would be made for every connection here.
 */
export function initialiseAccepted(
  socket: Socket,
  server: Server,
  stream: Stream,
  handle: SocketHandle | null,
  listening: ListenContext | null,
): void {
  const connection = equip(socket);
  const { noDelay, keepAlive } = server;
  if (server[kAcceptor].profile.keepAliveProbes === 'system') connection.idleTimeOnly = true;
  if (noDelay || keepAlive) {
    const delaySeconds = keepAlive ? Math.trunc(server.keepAliveInitialDelay) : 0;
    const settings = new SocketSettings(Boolean(noDelay), Boolean(keepAlive), delaySeconds);
    connection.ownExtras().settings = settings;
  }
  // If user code has seen the handle, it may have entered a context of its own; keep that.
  connection.adopt(stream, handle === null ? listening : null);
  if (handle !== null) connection.setHandle(handle);
  begin(connection, server.pauseOnConnect, true);
}

/** Sets a socket up; `Duplex` has been constructed on it. */
export function initialiseSocket(socket: Socket, host: Host, options: InternalSocketOptions): void {
  if ((options.handle || standIn.wanted !== null) && asksForBuiltin(options)) {
    becomeBuiltin(socket, options);
    return;
  }
  const connection = equip(socket);
  takeOnRead(connection, options.onread);
  takeSettings(connection, options);
  const { blockList, fd, handle } = options;
  if (handle instanceof Stream) connection.adopt(handle);
  else if (isBoundSocket(handle)) connection.adoptBound(handle[kBound]());
  else if (handle instanceof SocketHandle) connection.adoptHandle(handle);
  else if (handle) connection.setHandle(handle as LooseHandle);
  else if (fd !== undefined) {
    const stream = adoptDescriptor(socket, host, fd);
    connection.ownExtras().settings = settingsOnDescriptor(stream, connection.extras.settings);
    connection.adopt(stream);
  }
  if (connection.stream !== null && !connection.unconnected) {
    begin(
      connection,
      Boolean(options.pauseOnCreate),
      options.readable !== false && !options.manualStart,
    );
  }
  if (options.signal) watchSignal(socket, options.signal);
  if (blockList) {
    validateBlockList(blockList);
    socket.blockList = blockList;
  }
}
