/** HTTPS and HTTP/2 over the ready-made servers and clients, and over the built-in's. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type http2 from 'node:http2';
import https from 'node:https';
import type builtin from 'node:net';
import tls from 'node:tls';
import { createHttp2SecureServer, createHttp2Server, createHttpsServer } from 'barewire/interop';
import { optionsOf } from '../kit/kernel.js';
import { compiled, run } from '../kit/program.js';
import { type Scope, test } from '../kit/test.js';
import { certificate } from './certificate.js';
import { ask, listen, onBothSides, type Side } from './sides.js';

const ca = (): tls.ConnectionOptions => ({ ca: certificate().cert, servername: 'localhost' });

type Http2 = http2.Http2Server | http2.Http2SecureServer;

interface Sessions {
  readonly server: Http2;
  readonly port: number;
  readonly far: http2.ServerHttp2Session;
  readonly near: http2.ClientHttp2Session;
}

async function sessions(side: Side, scope: Scope, secure: boolean): Promise<Sessions> {
  const answer = (_request: unknown, response: http2.Http2ServerResponse): void => {
    response.end();
  };
  const server = secure
    ? side.createHttp2SecureServer(certificate(), answer)
    : side.createHttp2Server(answer);
  const port = await listen(scope, server);
  const scheme = secure ? 'https' : 'http';
  const near = side.http2Connect(`${scheme}://127.0.0.1:${port}`, secure ? ca() : {});
  scope.defer(() => near.destroy());
  const [[far]] = await Promise.all([once(server, 'session'), once(near, 'connect')]);
  return { server, port, far: far as http2.ServerHttp2Session, near };
}

const ping = (session: http2.Http2Session): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    session.ping(Buffer.from('12345678'), (error, _, payload) => {
      if (error) reject(error);
      else resolve(payload);
    });
  });

for (const secure of [false, true]) {
  const over = secure ? 'TLS' : 'TCP';
  onBothSides(`HTTP/2 over ${over}: ping both ways, and GOAWAY`, async (side, scope) => {
    const { server, far, near } = await sessions(side, scope, secure);
    assert.equal(String(await ping(near)), '12345678');
    assert.equal(String(await ping(far)), '12345678');
    const told = once(near, 'goaway');
    const closed = Promise.all([once(near, 'close'), once(far, 'close')]);
    far.goaway(0, 0, Buffer.from('bye'));
    const [code, , data] = await told;
    assert.equal(code, 0);
    assert.equal(String(data), 'bye');
    far.close();
    await closed;
    const ended = once(server, 'close');
    server.close();
    await ended;
  });

  onBothSides(`HTTP/2 over ${over}: addresses, and no delay`, async (side, scope) => {
    const { port, far, near } = await sessions(side, scope, secure);
    assert.equal(far.socket.localPort, port);
    assert.equal(near.socket.remotePort, port);
    assert.equal(near.socket.remoteAddress, '127.0.0.1');
    assert.equal(near.socket.localPort, far.socket.remotePort);
    const nearPort = near.socket.localPort ?? 0;
    assert.equal(optionsOf(port, nearPort).noDelay, 1);
    assert.equal(optionsOf(nearPort, port).noDelay, 1);
  });

  onBothSides(`HTTP/2 over ${over}: time-outs of sessions`, async (side, scope) => {
    const { far, near } = await sessions(side, scope, secure);
    const timedOut = [far, near].map(
      (session) => new Promise<void>((resolve) => session.setTimeout(20, resolve)),
    );
    await Promise.all(timedOut);
  });
}

onBothSides('an HTTP/2 server answers HTTP/1.1 where that is allowed', async (side, scope) => {
  const server = side.createHttp2SecureServer(
    { ...certificate(), allowHTTP1: true },
    (request, response) => response.end(request.httpVersion),
  );
  const port = await listen(scope, server);
  const agent = new side.HttpsAgent({ ...ca(), ALPNProtocols: ['http/1.1'] });
  const { body } = await ask({ protocol: 'https:', port, agent, path: '/' });
  assert.equal(body, '1.1');
});

onBothSides('HTTPS: kept connections, closed as they are told', async (side, scope) => {
  const server = side.createHttpsServer(
    { ...certificate(), keepAliveTimeout: 0 },
    (request, response) => {
      if (request.url !== '/never') response.end(String(request.socket.remotePort));
    },
  );
  const port = await listen(scope, server);
  const agent = new side.HttpsAgent({ keepAlive: true, ...ca() });
  scope.defer(() => agent.destroy());
  const get = (path: string) => ask({ protocol: 'https:', port, agent, path });
  const first = await get('/1');
  assert.equal((await get('/2')).body, first.body, 'on the same connection');
  const never = https.get({ host: '127.0.0.1', port, agent, path: '/never' });
  const failed = once(never, 'error');
  await once(server, 'request');
  await get('/3');
  const count = (): Promise<number> =>
    new Promise((resolve) => server.getConnections((_, all) => resolve(all)));
  assert.equal(await count(), 2);
  server.closeIdleConnections();
  while ((await count()) !== 1) await new Promise(setImmediate);
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  assert.equal(Object((await failed)[0]).code, 'ECONNRESET');
  await closed;
});

onBothSides('HTTPS: probes of a kept connection, and time-outs', async (side, scope) => {
  const server = side.createHttpsServer(certificate(), (request, response) => {
    if (request.url === '/quick') response.end();
  });
  const port = await listen(scope, server);
  const options = { keepAlive: true, keepAliveMsecs: 5_000, timeout: 30, ...ca() };
  const agent = new side.HttpsAgent(options);
  scope.defer(() => agent.destroy());
  const freed = once(agent, 'free');
  await ask({ protocol: 'https:', port, agent, path: '/quick' });
  const [socket] = (await freed) as [builtin.Socket];
  const { keepAlive, keepIdle } = optionsOf(socket.localPort ?? 0, port);
  assert.deepEqual([keepAlive, keepIdle], [1, 5]);
  const request = https.get({ host: '127.0.0.1', port, agent });
  request.on('error', () => {});
  await once(request, 'timeout');
  request.destroy();
});

onBothSides('HTTPS over a connection that is there already', async (side, scope) => {
  const server = side.createHttpsServer(certificate(), (request, response) => {
    response.end(String(request.socket.remotePort));
  });
  const port = await listen(scope, server);
  const socket = side.connect(port) as builtin.Socket;
  await once(socket, 'connect');
  const { localPort } = socket;
  const agent = new side.HttpsAgent(ca());
  const options = { protocol: 'https:', agent, path: '/', socket };
  const { body } = await ask(options);
  assert.equal(body, String(localPort));
});

/** What kept clients of the ready-made kind talk to. */
const PEERS: Record<string, () => builtin.Server> = {
  https: () => createHttpsServer(certificate(), (_, response) => response.end('ok')),
  http2: () => createHttp2Server((_, response) => response.end('ok')),
  'http2 secure': () => createHttp2SecureServer(certificate(), (_, answer) => answer.end('ok')),
  tls: () => tls.createServer(certificate(), () => {}),
  'tls at once': () => tls.createServer(certificate(), () => {}),
};

for (const [kind, make] of Object.entries(PEERS)) {
  test(`a process ends although it keeps a client: ${kind}`, async (scope) => {
    const server = make().on('tlsClientError', () => {});
    const port = await listen(scope, server);
    const args = [compiled('idle-clients'), kind, String(port)];
    const { code, stdout } = await run(process.execPath, args, { timeoutMs: 8_000 });
    assert.equal(code, 0);
    assert.equal(stdout, 'done\n');
  });
}
