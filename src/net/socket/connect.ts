/** Connecting a socket: to a host and port, or to a UNIX path. */
import { AsyncResource } from 'node:async_hooks';
import { channel } from 'node:diagnostics_channel';
import { awaitConnect } from '../../dial/attempt.js';
import { Dial, type DialObserver } from '../../dial/dial.js';
import { dialPath } from '../../dial/dial_path.js';
import type { DialTarget } from '../../dial/target.js';
import type { Stream } from '../../transport/stream.js';
import { missingArgs } from '../../util/errors.js';
import { option, pick } from '../../util/options.js';
import { addressError, errno } from '../../util/system_error.js';
import { pathStatus } from '../addresses/path_status.js';
import type { Connection } from '../connection/connection.js';
import { enterContext } from '../connection/context.js';
import type { WriteCallback } from '../connection/duplex.js';
import { debug } from '../node/debug_log.js';
import { deniedConnect } from '../node/permission.js';
import { forgetEarlierLife } from '../node/stream_state.js';
import { isNormalized, normalizeArguments } from '../options/arguments.js';
import { CONNECT_OPTIONS, type LooseConnectOptions } from '../options/socket_options.js';
import { kConnection } from '../symbols.js';
import { connectRequest } from './connect_request.js';
import type { SocketSurface as Socket } from './surface.js';

const clientSocketChannel = channel('net.client.socket');

/** Turns what dialling reports into the socket's events. */
class SocketDialObserver implements DialObserver {
  constructor(
    private readonly socket: Socket,
    // The socket may be the built-in's before the dial ends, and has no connection of ours then.
    private readonly connection: Connection,
    private readonly hostName: string,
  ) {}

  onLookup(error: Error | null, address: string | undefined, family: number | undefined): void {
    this.socket.emit('lookup', error, address, family, this.hostName);
  }

  onAttempt(address: string, port: number, family: number): void {
    this.socket.autoSelectFamilyAttemptedAddresses?.push(`${address}:${port}`);
    this.socket.emit('connectionAttempt', address, port, family);
    const denied = deniedConnect(this.connection.host, address, port);
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
    this.connection.adopt(stream);
    this.connection.onConnect(0);
  }

  onFailed(error: Error): void {
    this.socket.destroy(error);
  }
}

/** A second `connect` takes the place of one that is still under way. */
function giveUpEarlier(connection: Connection): void {
  const { dial } = connection.extras;
  if (dial === null) return;
  dial.cancel();
  connection.ownExtras().dial = null;
}

function connectPath(socket: Socket, connection: Connection, path: string): void {
  connection.ownExtras().path = path;
  giveUpEarlier(connection);
  socket.emit('connectionAttempt', path, undefined, undefined);
  if (!socket.connecting) return;
  const denied = deniedConnect(connection.host, path);
  if (denied !== null) {
    socket.destroy(denied);
    return;
  }
  const dialled = pathStatus(dialPath(connection.host, path, connection, connection.stream));
  if (typeof dialled !== 'number') {
    connection.adopt(dialled);
    awaitConnect(dialled, new AsyncResource('PIPECONNECTWRAP'), (status) => {
      dialled.owner = connection;
      connection.onConnect(status);
    });
    return;
  }
  // A path that can not even be tried fails at once, one that leads nowhere fails later.
  if (dialled === -errno.EINVAL || dialled === -errno.EMFILE) {
    socket.destroy(addressError(dialled, 'connect', path));
    return;
  }
  connection.host.clock.nextTick(() => {
    if (socket.connecting) connection.onConnect(dialled);
  });
}

function connectHost(socket: Socket, connection: Connection, target: DialTarget): void {
  // The prototype has one, which may be frozen: plain assignment would throw then.
  const property = { writable: true, enumerable: true, configurable: true };
  Object.defineProperty(socket, '_host', { value: target.host, ...property });
  giveUpEarlier(connection);
  const observer = new SocketDialObserver(socket, connection, target.host);
  const dial = new Dial(connection.host, target, observer, new AsyncResource('TCPCONNECTWRAP'));
  connection.ownExtras().dial = dial;
  if (!connection.referenced) dial.unref();
  dial.start();
  // The kernel chose the local address when a bound socket began to connect.
  if (connection.unconnected) connection.ownExtras().local = null;
}

type ConnectArguments = [options: LooseConnectOptions, listener: (() => void) | null];

/** The arguments of `socket.connect`, put in order where they are not yet. */
export function connectArguments(args: readonly unknown[]): ConnectArguments {
  return isNormalized<LooseConnectOptions, () => void>(args[0])
    ? args[0]
    : normalizeArguments<LooseConnectOptions, () => void>(args);
}

/** `socket.connect` with its arguments in order; `connection` is what stands behind the socket. */
export function connectSocket(
  socket: Socket,
  connection: Connection,
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
  if (socket.destroyed || !connection.open) {
    socket._undestroy();
    forgetEarlierLife(socket._readableState, socket._writableState);
    connection.reset();
  }
  // Connecting has a context of its own, so that an `enterWith` in the handler of 'connect' does
  // not reach those of 'data'.
  debug('connect %j', [options.host, options.port, options.path]);
  enterContext(connection, options.path ? 'PIPEWRAP' : 'TCPWRAP');
  connection.active();
  socket.connecting = true;
  const request = connectRequest(connection, options, option(socket, 'blockList'));
  if (request.to === 'path') connectPath(socket, connection, request.path);
  else connectHost(socket, connection, request.target);
}

/** Who reads by `'readable'` is never paused, though such a stream does not flow. */
function wantsBytes(socket: Socket): boolean {
  return !socket.isPaused() || socket.listenerCount('readable') > 0;
}

/** The connection to a path failed. */
export function connectFailed({ socket, extras }: Connection, status: number): void {
  const path = extras.path ?? '';
  const error = addressError(status, 'connect', path);
  socket.emit('connectionAttemptFailed', path, undefined, undefined, error);
  socket.destroy(error);
}

/** The end of connecting: `'connect'`, or the error. */
export function connectEnded(socket: Socket, status: number): void {
  const connection = socket[kConnection];
  if (socket.destroyed || !socket.connecting) return;
  socket.connecting = false;
  debug('connected, status %d', status);
  if (status < 0) {
    connectFailed(connection, status);
    return;
  }
  connection.established();
  socket.emit('connect');
  socket.emit('ready');
  if (connection.stream !== null && wantsBytes(socket)) socket.read(0);
}

// What a call made before the connection stands does once it does.
export function readLater(socket: Socket): void {
  socket.once('connect', () => socket._read());
}

export function finishLater(socket: Socket, callback: WriteCallback): void {
  socket.once('connect', () => socket._final(callback));
}
