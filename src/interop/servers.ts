/** Node's protocol servers, listening by this package. */
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import tls from 'node:tls';
import type { ServerOptions } from '../net/server_types.js';
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

type Split<Options> = [options: Options, rest: unknown[]];

/** `(options?, listener?)`, as every one of Node's factories takes them; options may be null. */
function split<Options extends object>(args: readonly unknown[]): Split<Options> {
  const [first, ...others] = args;
  if (typeof first === 'function') return [{} as Options, [...args]];
  return [
    typeof first === 'object' && first !== null ? (first as Options) : ({} as Options),
    others,
  ];
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
  const [options, [listener]] = split<HttpOptions>(args);
  return mount(makeHttp(options, listener as http.RequestListener), atOnce(options), 'socket');
}

/** `https.createServer`, listening by this package. */
export function createHttpsServer(
  options: HttpsOptions,
  listener?: http.RequestListener,
): https.Server {
  return mount(makeHttps(options, listener), atOnce(options), 'native');
}

/** `http2.createServer`, listening by this package. */
export function createHttp2Server(
  options?: http2.ServerOptions & ServerOptions,
  listener?: Http2Listener,
): http2.Http2Server;
export function createHttp2Server(listener: Http2Listener): http2.Http2Server;
export function createHttp2Server(...args: unknown[]): http2.Http2Server {
  const [options, [listener]] = split<http2.ServerOptions & ServerOptions>(args);
  return mount(makeHttp2(options, listener as Http2Listener), atOnce(options), 'native');
}

/** `http2.createSecureServer`, listening by this package. */
export function createHttp2SecureServer(
  options: http2.SecureServerOptions & ServerOptions,
  listener?: Http2Listener,
): http2.Http2SecureServer {
  return mount(makeHttp2Secure(options, listener), atOnce(options), 'native');
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
  const [options, [listener]] = split<TlsOptions>(args);
  const onSecure = listener as ((socket: tls.TLSSocket) => void) | undefined;
  return mount(makeTls(options, onSecure), options, 'native');
}
