/** Node's protocol servers, listening by this package. */
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import tls from 'node:tls';
import type { ServerOptions } from '../net/options/server_options.js';
import { mount } from './mount.js';

// Taken now: programs put this package's functions in the place of Node's.
const makeHttp = http.createServer;
const makeHttps = https.createServer;
const makeHttp2 = http2.createServer;
const makeHttp2Secure = http2.createSecureServer;
const makeTls = tls.createServer;

type HttpOptions = http.ServerOptions & ServerOptions;
type HttpsOptions = https.ServerOptions & ServerOptions;
type TlsOptions = tls.TlsOptions & ServerOptions;

/**
 * `(options?, listener?)`, as every one of Node's factories takes them; options may be null. What
 * is no options at all stays as it is: Node has an error for it.
 */
function split<Options extends object>(args: readonly unknown[]): [Options, unknown] {
  const [first, second] = args;
  if (typeof first === 'function') return [{} as Options, first];
  return [(first ?? {}) as Options, second];
}

/**
 * What Node's factory gets. The listener looks at the block list, and this package's class of those
 * is one that Node would refuse.
 */
function forNode<Options extends ServerOptions>(options: Options): Options {
  if (typeof options !== 'object' || options === null) return options;
  const { blockList: _, ...others } = options;
  return others as Options;
}

/** Nagle's algorithm is off where nobody asks for it, as it is in `http` and `http2`. */
function atOnce(options: ServerOptions): ServerOptions {
  return { noDelay: true, ...options };
}

/** `http.createServer`, listening by this package. */
export function createHttpServer(listener?: http.RequestListener): http.Server;
export function createHttpServer(
  options: HttpOptions,
  listener?: http.RequestListener,
): http.Server;
export function createHttpServer(...args: unknown[]): http.Server {
  const [options, listener] = split<HttpOptions>(args);
  const server = makeHttp(forNode(options), listener as http.RequestListener);
  return mount(server, atOnce(options), 'socket');
}

/** `https.createServer`, listening by this package. */
export function createHttpsServer(listener?: http.RequestListener): https.Server;
export function createHttpsServer(
  options: HttpsOptions,
  listener?: http.RequestListener,
): https.Server;
export function createHttpsServer(...args: unknown[]): https.Server {
  const [options, listener] = split<HttpsOptions>(args);
  const server = makeHttps(forNode(options), listener as http.RequestListener);
  return mount(server, atOnce(options), 'native');
}

/** `http2.createServer`, listening by this package. */
export function createHttp2Server(
  options?: http2.ServerOptions & ServerOptions,
  listener?: Http2Listener,
): http2.Http2Server;
export function createHttp2Server(listener: Http2Listener): http2.Http2Server;
export function createHttp2Server(...args: unknown[]): http2.Http2Server {
  const [options, listener] = split<http2.ServerOptions & ServerOptions>(args);
  return mount(makeHttp2(forNode(options), listener as Http2Listener), atOnce(options), 'native');
}

/** `http2.createSecureServer`, listening by this package. */
export function createHttp2SecureServer(
  options: http2.SecureServerOptions & ServerOptions,
  listener?: Http2Listener,
): http2.Http2SecureServer {
  return mount(makeHttp2Secure(forNode(options), listener), atOnce(options), 'native');
}

/** What answers a request of HTTP/2. */
export type Http2Listener = (
  request: http2.Http2ServerRequest,
  response: http2.Http2ServerResponse,
) => void;

/** `tls.createServer`, listening by this package. */
export function createTlsServer(listener?: (socket: tls.TLSSocket) => void): tls.Server;
export function createTlsServer(
  options: TlsOptions,
  listener?: (socket: tls.TLSSocket) => void,
): tls.Server;
export function createTlsServer(...args: unknown[]): tls.Server {
  const [options, listener] = split<TlsOptions>(args);
  const onSecure = listener as ((socket: tls.TLSSocket) => void) | undefined;
  return mount(makeTls(forNode(options), onSecure), options, 'native');
}
