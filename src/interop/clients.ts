/** Node's protocol clients, connecting by this package. */
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import type { Duplex } from 'node:stream';
import tls from 'node:tls';
import { own } from '../net/connection/overrides.js';
import { normalizeArguments } from '../net/options/arguments.js';
import type { ConnectOptions } from '../net/options/socket_options.js';
import type { Socket } from '../net/socket/socket.js';
import { ownOptions } from '../util/options.js';

import net = require('../node.js');

// Taken now: programs put this package's functions in the place of Node's.
const connectTls = tls.connect;
const connectHttp2 = http2.connect;

type Created = (error: Error | null, stream: Duplex) => void;

/** An `http.Agent` whose connections are this package's. */
export class HttpAgent extends http.Agent {
  /** Called by `http` for each new connection. */
  override createConnection(options: http.ClientRequestArgs, _callback?: Created): Socket {
    return net.connect(connectOptions(options));
  }
}

/** `(options)`, `(port, options)` or `(port, host, options)`, as an `https.Agent` is called. */
function agentOptions(args: readonly unknown[]): https.RequestOptions {
  const [port, host] = args;
  const to = {
    ...(typeof port === 'number' || typeof port === 'string' ? { port } : {}),
    ...(typeof host === 'string' ? { host } : {}),
  };
  return Object.assign(ownOptions({}), ...args.filter((one) => typeof one === 'object'), to);
}

/** An `https.Agent` whose connections are this package's. TLS sessions are reused as ever. */
export class HttpsAgent extends https.Agent {
  /** Called by `https` for each new connection. */
  override createConnection(
    options: https.RequestOptions,
    callback?: Created,
  ): Duplex | null | undefined;
  override createConnection(...args: unknown[]): Duplex | null | undefined {
    const options = agentOptions(args);
    const callback = args.find((one) => typeof one === 'function') as Created | undefined;
    if (bringsSocket(options) || readsInto(options))
      return super.createConnection(options, callback);
    const { timeout, ...others } = connectOptions(options);
    return dialUnder(options, others, timeout, (over) => super.createConnection(over, callback));
  }
}

/** A connection that is there already, such as a proxy's tunnel. */
function bringsSocket(options: object): boolean {
  const { socket }: { socket?: unknown } = options;
  return Boolean(socket);
}

/** `tls` looks at `onread` only where it dials itself. */
function readsInto(options: object): boolean {
  const { onread }: { onread?: unknown } = options;
  return typeof onread === 'object' && onread !== null;
}

interface LooseOptions {
  path?: unknown;
  socketPath?: unknown;
  signal?: unknown;
}

/**
 * The options of a request or of `tls.connect`, without what means something else to `net`: a
 * request's `path`, and a signal that is the request's.
 */
function connectOptions(options: object): ConnectOptions {
  const { path: _, signal: __, socketPath, ...others }: LooseOptions = ownOptions(options);
  const to = typeof socketPath === 'string' && socketPath !== '' ? { path: socketPath } : {};
  return ownOptions({ ...others, ...to } as ConnectOptions);
}

/** `tls.connect` over a connection of this package's. `path` is a UNIX path, as it is there. */
export function tlsConnect(options: tls.ConnectionOptions, listener?: () => void): tls.TLSSocket;
export function tlsConnect(
  port: number,
  host?: string,
  options?: tls.ConnectionOptions,
  listener?: () => void,
): tls.TLSSocket;
export function tlsConnect(
  port: number,
  options?: tls.ConnectionOptions,
  listener?: () => void,
): tls.TLSSocket;
export function tlsConnect(path: string, options?: tls.ConnectionOptions): tls.TLSSocket;
export function tlsConnect(...args: unknown[]): tls.TLSSocket {
  const [to, listener] = normalizeArguments<tls.ConnectionOptions, () => void>(args);
  const more = args.slice(1).filter((one) => typeof one === 'object');
  const given: tls.ConnectionOptions = Object.assign(ownOptions({}), to, ...more);
  if (given.socket || readsInto(given)) return connectTls(given, listener ?? undefined);
  const { path, timeout, ...direct } = given;
  const target = connectOptions({ ...direct, socketPath: path });
  return dialUnder(given, target, timeout, (over) => connectTls(over, listener ?? undefined));
}

/**
 * Puts TLS over a socket of ours, and dials then: what `tls` refuses is not dialled for, and what
 * can not be dialled is thrown, as by `tls.connect`.
 */
function dialUnder<Options extends object, Secured>(
  options: Options,
  target: ConnectOptions,
  timeout: number | undefined,
  wrap: (options: Options & { socket: Socket }) => Secured,
): Secured {
  // A mock that replaces `connect` gives a connection of its own, which TLS needs from the start.
  const isMocked = net.Socket.prototype.connect !== own.connect;
  const socket = isMocked ? net.connect(target) : new net.Socket(target);
  const secured = wrap({ ...options, socket });
  if (!(secured instanceof tls.TLSSocket)) return secured;
  if (timeout) secured.setTimeout(timeout);
  // A signal that was aborted before closes it without a look at what it stands on.
  secured.once('close', () => socket.destroy());
  if (!isMocked) socket.connect(target);
  return secured;
}

/**
 * `http2.connect` over a connection of this package's: TLS for `https:`, plain for `http:`. TLS
 * options are those of `tls.connect`.
 */
export function http2Connect(
  authority: string | URL,
  options: http2.ClientSessionOptions & tls.ConnectionOptions = {},
  listener?: () => void,
): http2.ClientHttp2Session {
  const url = new URL(authority);
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const secure = url.protocol === 'https:';
  const port = Number(url.port || (secure ? 443 : 80));
  const to = { host, port, noDelay: true };
  // An address is no server name.
  const names = net.isIP(host) === 0 ? { servername: host } : {};
  const secured: tls.ConnectionOptions = { ALPNProtocols: ['h2'], ...names, ...options, ...to };
  const createConnection = (): Duplex => (secure ? tlsConnect(secured) : net.connect(to));
  const session = connectHttp2(url, { ...options, createConnection });
  if (listener !== undefined) session.once('connect', listener);
  return session;
}
