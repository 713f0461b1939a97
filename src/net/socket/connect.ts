/** Connecting a socket: to a host and port, or to a UNIX path. */
import { AsyncResource } from 'node:async_hooks';
import { channel } from 'node:diagnostics_channel';
import { awaitConnect } from '../../dial/attempt.js';
import { Dial, type DialObserver } from '../../dial/dial.js';
import { dialPath } from '../../dial/dial_path.js';
import type { Stream } from '../../transport/stream.js';
import { invalidArgValue, missingArgs } from '../../util/errors.js';
import { option, pick } from '../../util/options.js';
import { addressError, errno } from '../../util/system_error.js';
import { validateString } from '../../util/validate.js';
import { pathStatus } from '../addresses/path_status.js';
import type { SocketCore } from '../connection/connection.js';
import type { WriteCallback } from '../connection/duplex.js';
import { debug } from '../node/debug_log.js';
import { deniedConnect } from '../node/permission.js';
import { isNormalized, normalizeArguments } from '../options/arguments.js';
import { CONNECT_OPTIONS, type LooseConnectOptions } from '../options/socket_options.js';
import { kCore } from '../symbols.js';
import type { SocketSurface as Socket } from './surface.js';
import { dialTarget } from './target.js';

const clientSocketChannel = channel('net.client.socket');

/** Turns what dialling reports into the socket's events. */
class SocketDialObserver implements DialObserver {
  constructor(
    private readonly socket: Socket,
    // The socket may be the built-in's before the dial ends, and has no core then.
    private readonly core: SocketCore,
    private readonly hostName: string,
  ) {}

  onLookup(error: Error | null, address: string | undefined, family: number | undefined): void {
    this.socket.emit('lookup', error, address, family, this.hostName);
  }

  onAttempt(address: string, port: number, family: number): void {
    this.socket.autoSelectFamilyAttemptedAddresses?.push(`${address}:${port}`);
    this.socket.emit('connectionAttempt', address, port, family);
    const denied = deniedConnect(this.core.host, address, port);
    if (denied !== null && this.socket.connecting) this.socket.destroy(denied);
  }

  onAttemptFailed(address: string, port: number, family: number, error: Error): void {
    this.socket.emit('connectionAttemptFailed', address, port, family, error);
  }

  onAttemptTimeout(address: string, port: number, family: number): void {
    this.socket.emit('connectionAttemptTimeout', address, port, family);
  }

  onSeveral(): void {
    this.socket.autoSelectFamilyAttemptedAddresses = [];
  }

  onConnected(stream: Stream): void {
    this.core.adopt(stream);
    this.core.onConnect(0);
  }

  onFailed(error: Error): void {
    this.socket.destroy(error);
  }
}

/** A second `connect` takes the place of one that is still under way. */
function giveUpEarlier(core: SocketCore): void {
  core.dial?.cancel();
  core.dial = null;
}

function connectPath(socket: Socket, core: SocketCore, path: string): void {
  core.path = path;
  giveUpEarlier(core);
  socket.emit('connectionAttempt', path, undefined, undefined);
  if (!socket.connecting) return;
  const denied = deniedConnect(core.host, path);
  if (denied !== null) {
    socket.destroy(denied);
    return;
  }
  const dialled = pathStatus(dialPath(core.host, path, core, core.stream));
  if (typeof dialled !== 'number') {
    core.adopt(dialled);
    awaitConnect(dialled, new AsyncResource('PIPECONNECTWRAP'), (status) => {
      dialled.owner = core;
      core.onConnect(status);
    });
    return;
  }
  // A path that can not even be tried fails at once, one that leads nowhere fails later.
  if (dialled === -errno.EINVAL || dialled === -errno.EMFILE) {
    socket.destroy(addressError(dialled, 'connect', path));
    return;
  }
  core.host.clock.soon(() => {
    if (socket.connecting) core.onConnect(dialled);
  });
}

function connectHost(socket: Socket, core: SocketCore, options: LooseConnectOptions): void {
  const { localAddress, localPort } = options;
  if (core.unconnected && (localAddress !== undefined || localPort !== undefined)) {
    const reason = 'localAddress and localPort cannot be used with an adopted bound socket';
    throw invalidArgValue('options', { ...options }, reason);
  }
  const target = dialTarget(options, option(socket, 'blockList'), core.stream);
  // The prototype has one, which may be frozen: plain assignment would throw then.
  const property = { writable: true, enumerable: true, configurable: true };
  Object.defineProperty(socket, '_host', { value: target.host, ...property });
  giveUpEarlier(core);
  const observer = new SocketDialObserver(socket, core, target.host);
  core.dial = new Dial(core.host, target, observer, new AsyncResource('TCPCONNECTWRAP'));
  if (!core.referenced) core.dial.unref();
  core.dial.start();
  // The kernel chose the local address when a bound socket began to connect.
  if (core.unconnected) core.local = null;
}

type ConnectArguments = [options: LooseConnectOptions, listener: (() => void) | null];

/** The arguments of `socket.connect`, put in order where they are not yet. */
export function connectArguments(args: readonly unknown[]): ConnectArguments {
  return isNormalized<LooseConnectOptions, () => void>(args[0])
    ? args[0]
    : normalizeArguments<LooseConnectOptions, () => void>(args);
}

/** `socket.connect` with its arguments in order; `core` is what stands behind the socket. */
export function connectSocket(
  socket: Socket,
  core: SocketCore,
  given: LooseConnectOptions,
  listener: (() => void) | null,
): void {
  const options = pick(given, CONNECT_OPTIONS);
  if (clientSocketChannel.hasSubscribers) clientSocketChannel.publish({ socket });
  if (listener !== null) socket.once('connect', listener);
  if (options.port === undefined && (options.path === undefined || options.path === null)) {
    throw missingArgs(['options', 'port', 'path']);
  }
  // A socket that ended by the peer's FIN had its write() replaced; see create.ts.
  if (Object.hasOwn(socket, 'write')) Reflect.deleteProperty(socket, 'write');
  if (socket.destroyed || !core.open) {
    socket._undestroy();
    // Node leaves these as they were: a `pipe` to the socket would wait for a 'drain' of the past,
    // and a reader for a 'readable' that was due when the socket was destroyed.
    socket._writableState.needDrain = false;
    socket._readableState.emittedReadable = false;
    core.reset();
  }
  // Connecting has a context of its own, so that an `enterWith` in the handler of 'connect' does
  // not reach those of 'data'.
  debug('connect %j', [options.host, options.port, options.path]);
  core.enter(options.path ? 'PIPEWRAP' : 'TCPWRAP');
  core.active();
  socket.connecting = true;
  // What it is bound to tells what a bound socket connects to.
  const toPath = core.unconnected ? core.bound?.path !== undefined : Boolean(options.path);
  if (toPath) {
    validateString(options.path, 'options.path');
    connectPath(socket, core, options.path);
  } else {
    connectHost(socket, core, options);
  }
}

/** Who reads by `'readable'` is never paused, though such a stream does not flow. */
function wantsBytes(socket: Socket): boolean {
  return !socket.isPaused() || socket.listenerCount('readable') > 0;
}

/** The socket of `core` could not connect to the path. */
export function connectFailed(core: SocketCore, status: number): void {
  const { socket } = core;
  const path = core.path ?? '';
  const error = addressError(status, 'connect', path);
  socket.emit('connectionAttemptFailed', path, undefined, undefined, error);
  socket.destroy(error);
}

/** The end of connecting: `'connect'`, or the error. */
export function connectEnded(socket: Socket, status: number): void {
  const core = socket[kCore];
  if (socket.destroyed || !socket.connecting) return;
  socket.connecting = false;
  debug('connected, status %d', status);
  if (status < 0) {
    connectFailed(core, status);
    return;
  }
  core.established();
  socket.emit('connect');
  socket.emit('ready');
  if (core.stream !== null && wantsBytes(socket)) socket.read(0);
}

// What a call made before the connection stands does once it does.
export function readLater(socket: Socket): void {
  socket.once('connect', () => socket._read());
}

export function finishLater(socket: Socket, callback: WriteCallback): void {
  socket.once('connect', () => socket._final(callback));
}
