/** The built-in's factories and this package's under the same names: each test runs on both. */
import { once } from 'node:events';
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import builtin from 'node:net';
import type { Duplex } from 'node:stream';
import tls from 'node:tls';
import * as interop from 'barewire/interop';
import ours from 'barewire/node';
import { type Scope, test } from '../kit/test.js';

/** What a side makes its servers and clients with. */
export interface Side {
  readonly name: string;
  connect(port: number): Duplex;
  readonly createHttpServer: typeof http.createServer;
  readonly createHttpsServer: (
    options: https.ServerOptions,
    listener: http.RequestListener,
  ) => https.Server;
  readonly createHttp2Server: typeof interop.createHttp2Server;
  readonly createHttp2SecureServer: typeof interop.createHttp2SecureServer;
  readonly createTlsServer: (
    options: tls.TlsOptions,
    listener: (socket: tls.TLSSocket) => void,
  ) => tls.Server;
  readonly HttpAgent: typeof http.Agent;
  readonly HttpsAgent: typeof https.Agent;
  readonly tlsConnect: (options: tls.ConnectionOptions) => tls.TLSSocket;
  readonly http2Connect: typeof interop.http2Connect;
}

const builtinSide: Side = {
  name: 'built-in',
  connect: (port) => builtin.connect(port, '127.0.0.1'),
  createHttpServer: http.createServer,
  createHttpsServer: https.createServer,
  createHttp2Server: http2.createServer as typeof interop.createHttp2Server,
  createHttp2SecureServer: http2.createSecureServer,
  createTlsServer: tls.createServer,
  HttpAgent: http.Agent,
  HttpsAgent: https.Agent,
  tlsConnect: tls.connect,
  http2Connect: http2.connect as typeof interop.http2Connect,
};

const ourSide: Side = {
  ...interop,
  name: 'ours',
  connect: (port) => ours.connect(port, '127.0.0.1'),
  createHttpServer: interop.createHttpServer as typeof http.createServer,
};

/** A test that runs on the built-in, to show what is right, and then on this package. */
export function onBothSides(title: string, body: (side: Side, scope: Scope) => unknown): void {
  for (const side of [builtinSide, ourSide]) {
    test(`${title} (${side.name})`, (scope) => body(side, scope), 30_000);
  }
}

/** Listens on a free port, which is returned, and closes with all connections at the test's end. */
export async function listen(scope: Scope, server: builtin.Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  scope.defer(() => {
    if (server.listening) server.close();
    if (server instanceof http.Server || server instanceof https.Server) {
      server.closeAllConnections();
    }
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** Everything until the end, as text. */
export async function text(stream: AsyncIterable<unknown>): Promise<string> {
  let all = '';
  for await (const chunk of stream) all += String(chunk);
  return all;
}

/** A request, and its answer with the whole body. */
export async function ask(
  options: https.RequestOptions,
  body?: string | Buffer,
): Promise<{ status: number; body: string; headers: http.IncomingHttpHeaders }> {
  const module = options.protocol === 'https:' ? https : http;
  const request = module.request({ host: '127.0.0.1', ...options });
  request.end(body);
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  return {
    status: response.statusCode ?? 0,
    body: await text(response.setEncoding('utf8')),
    headers: response.headers,
  };
}
