/** Node's protocol clients, connecting by this package. */
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import type { Duplex } from 'node:stream';
import tls from 'node:tls';
import type { ConnectOptions } from '../net/options/socket_options.js';
import type { Socket } from '../net/socket/socket.js';
import { ownOptions } from '../util/options.js';

import { lendAddresses } from './mount.js';

import net = require('../node.js');

type Created = (error: Error | null, stream: Duplex) => void;

/** An `http.Agent` whose connections are this package's. */
export class HttpAgent extends http.Agent {
  /** Called by `http` for each new connection. */
  override createConnection(options: http.ClientRequestArgs, _callback?: Created): Socket {
    return net.connect(connectOptions(options));
  }
}

/** An `https.Agent` whose connections are this package's. TLS sessions are reused as ever. */
export class HttpsAgent extends https.Agent {
  /** Called by `https` for each new connection. */
  override createConnection(
    options: https.RequestOptions,
    callback?: Created,
  ): Duplex | null | undefined {
    const { timeout, ...others } = connectOptions(options);
    const socket = net.connect(others as ConnectOptions);
    const over: https.RequestOptions & { socket: Socket } = { ...options, socket };
    const secured = super.createConnection(over, callback);
    if (!(secured instanceof tls.TLSSocket)) return secured;
    lendAddresses(secured, socket);
    if (timeout) secured.setTimeout(timeout);
    return secured;
  }
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
export function tlsConnect(...args: unknown[]): tls.TLSSocket {
  const listener = args.find((argument) => typeof argument === 'function');
  const [port, host] = args;
  const given: tls.ConnectionOptions = Object.assign(
    ownOptions({}),
    ...args.filter((argument) => typeof argument === 'object'),
    typeof port === 'number' ? { port } : {},
    typeof host === 'string' ? { host } : {},
  );
  const { path, timeout, ...direct } = given;
  const socket = given.socket ?? net.connect(connectOptions({ ...direct, socketPath: path }));
  const servername = given.servername ?? serverName(given.host);
  const secured = tls.connect(
    { ...given, ...(servername && { servername }), socket },
    listener as (() => void) | undefined,
  );
  if (socket instanceof net.Socket) lendAddresses(secured, socket);
  if (timeout) secured.setTimeout(timeout);
  return secured;
}

/** An address is no server name. */
function serverName(host: string | undefined): string | undefined {
  return host !== undefined && net.isIP(host) === 0 ? host : undefined;
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
  const secured: tls.ConnectionOptions = { ALPNProtocols: ['h2'], ...options, ...to };
  const createConnection = (): Duplex => (secure ? tlsConnect(secured) : net.connect(to));
  const session = http2.connect(url, { ...options, createConnection });
  if (listener !== undefined) session.once('connect', listener);
  return session;
}
