/** One attempt to connect to one address: socket, bind, connect. */
import type { AsyncContext } from '../reactor/pollable.js';
import type { Host } from '../transport/host.js';
import { Stream } from '../transport/stream.js';
import { NO_OWNER, QuietOwner } from '../transport/stream_owner.js';
import { addressError, errno } from '../util/system_error.js';
import type { DialAddress, DialTarget } from './target.js';

/** The result of an attempt: a connected stream, or the reason why it failed. */
export type AttemptEnd = (stream: Stream | null, error: Error | null) => void;

/** Hears only of the connection: nothing is read or written before the winner is known. */
class AttemptOwner extends QuietOwner {
  constructor(
    context: AsyncContext | null,
    private readonly done: (status: number) => void,
  ) {
    super(context);
  }

  override onConnect(status: number): void {
    this.done(status);
  }
}

/** Calls `done` in `context` when the stream is connected (0) or its connect failed (-errno). */
export function awaitConnect(
  stream: Stream,
  context: AsyncContext | null,
  done: (status: number) => void,
): void {
  stream.owner = new AttemptOwner(context, done);
}

function bindLocal(host: Host, fd: number, to: DialAddress, target: DialTarget): Error | null {
  const { kernel } = host;
  const { AF_INET, AF_INET6, SOL_SOCKET, SO_REUSEADDR } = kernel.constants;
  if (!target.localAddress && !target.localPort) return null;
  const address = target.localAddress || (to.family === 6 ? '::' : '0.0.0.0');
  const port = target.localPort ?? 0;
  kernel.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  const status = kernel.bind(fd, to.family === 6 ? AF_INET6 : AF_INET, address, port);
  return status < 0 ? addressError(status, 'bind', address, port) : null;
}

/** The error of a failed connect. It names the local end if the user chose one. */
export function connectError(status: number, to: DialAddress, target: DialTarget): Error {
  const { localAddress, localPort, port } = target;
  if (!localAddress || !localPort) return addressError(status, 'connect', to.address, port);
  const local = `${localAddress}:${localPort}`;
  const error = addressError(status, 'connect', to.address, port, local);
  return Object.assign(error, { localAddress, localPort });
}

function immediateError(host: Host, fd: number, status: number, to: DialAddress, port: number) {
  const name = host.kernel.getsockname(fd);
  const local = typeof name === 'number' ? undefined : `${name.address}:${name.port}`;
  return addressError(status, 'connect', to.address, port, local);
}

/** Returns the bound stream if it has the family of the address, else an error. */
function boundAttempt(bound: Stream, to: DialAddress, target: DialTarget): Stream | Error {
  const { AF_INET6 } = bound.host.kernel.constants;
  if ((bound.family === AF_INET6) === (to.family === 6)) return bound;
  return immediateError(bound.host, bound.fd, -errno.EAFNOSUPPORT, to, target.port);
}

/**
 * Makes the socket and binds it. Returns a stream to `connect`, or the error of the call that
 * failed.
 */
export function openAttempt(host: Host, to: DialAddress, target: DialTarget): Stream | Error {
  if (target.bound !== null) return boundAttempt(target.bound, to, target);
  const { kernel } = host;
  const { AF_INET, AF_INET6, SOCK_STREAM } = kernel.constants;
  const family = to.family === 6 ? AF_INET6 : AF_INET;
  const fd = kernel.socket(family, SOCK_STREAM, 0);
  if (fd < 0) return addressError(fd, 'connect', to.address, target.port);
  const bad = bindLocal(host, fd, to, target);
  if (bad !== null) {
    kernel.close(fd, -1);
    return bad;
  }
  const stream = new Stream(host, fd, family, NO_OWNER);
  stream.exclusive = true;
  return stream;
}

/**
 * Connects an opened stream. Returns an error if the connect failed at once, else null. After
 * null, `end` is called exactly once, later, unless the stream is closed before.
 */
export function startAttempt(
  stream: Stream,
  to: DialAddress,
  target: DialTarget,
  context: AsyncContext | null,
  end: AttemptEnd,
): Error | null {
  awaitConnect(stream, context, (status) => {
    if (status === 0) {
      end(stream, null);
      return;
    }
    const error = connectError(status, to, target);
    stream.close();
    end(null, error);
  });
  const status = stream.connect(to.address, target.port);
  if (status >= 0) return null;
  const error = immediateError(stream.host, stream.fd, status, to, target.port);
  stream.close();
  return error;
}
