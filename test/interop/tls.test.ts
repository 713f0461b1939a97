/** TLS, HTTPS and HTTP/2 on this package's connections, beside the same on the built-in's. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import tls from 'node:tls';
import { createTlsServer, tlsConnect, toNodeSocket } from 'barewire/interop';
import ours from 'barewire/node';
import { test } from '../kit/test.js';
import { certificate } from './certificate.js';
import { ask, listen, onBothSides, type Side, text } from './sides.js';

/** Decrypted and not fetched: a read of 64 KiB, behind one whose bytes were not all told. */
const HELD_BYTES = 2 * 64 * 1024;

const ca = (): tls.ConnectionOptions => ({ ca: certificate().cert, servername: 'localhost' });

onBothSides('TLS: 4 MiB there and back, then the ends', async (side, scope) => {
  const server = side.createTlsServer(certificate(), (socket) => socket.pipe(socket));
  const port = await listen(scope, server);
  const client = side.tlsConnect({ ...ca(), host: '127.0.0.1', port });
  await once(client, 'secureConnect');
  assert.equal(client.authorized, true);
  assert.equal(client.remotePort, port);
  const body = Buffer.alloc(4 << 20, '0123456789abcdef');
  client.end(body);
  assert.equal((await text(client.setEncoding('latin1'))).length, body.length);
});

onBothSides('TLS: a flood that is paused holds no more than two reads', async (side, scope) => {
  for (const pauseAt of [20, 40, 60, 80]) {
    const server = side.createTlsServer(certificate(), (socket) => {
      let chunks = 0;
      socket.on('error', () => {});
      socket.on('data', () => {
        if (++chunks === pauseAt) server.emit('paused', socket.pause());
      });
    });
    const port = await listen(scope, server);
    const client = side.tlsConnect({ ...ca(), host: '127.0.0.1', port });
    client.on('error', () => {});
    scope.defer(() => client.destroy());
    client.write(Buffer.alloc(8 << 20));
    const [socket]: tls.TLSSocket[] = await once(server, 'paused');
    assert.ok(socket);
    scope.defer(() => socket.destroy());
    await sleep(30);
    assert.ok(socket.readableLength <= HELD_BYTES, `${socket.readableLength}`);
  }
});

onBothSides('TLS: a certificate nobody vouches for is refused', async (side, scope) => {
  const server = side.createTlsServer(certificate(), () => {});
  server.on('tlsClientError', () => {});
  const port = await listen(scope, server);
  const client = side.tlsConnect({ host: '127.0.0.1', port, servername: 'localhost' });
  const [error] = await once(client, 'error');
  assert.equal(error.code, 'DEPTH_ZERO_SELF_SIGNED_CERT');
});

onBothSides('TLS: nobody listens', async (side) => {
  const client = side.tlsConnect({ host: '127.0.0.1', port: 1 });
  const [error] = await once(client, 'error');
  assert.equal(error.code, 'ECONNREFUSED');
});

async function askTwice(side: Side, port: number): Promise<[boolean, string][]> {
  const agent = new side.HttpsAgent({ keepAlive: false, maxCachedSessions: 10, ...ca() });
  const answers: [boolean, string][] = [];
  for (let i = 0; i < 2; i++) {
    const { body } = await ask({ protocol: 'https:', port, agent, path: '/' });
    answers.push([body.startsWith('reused'), body]);
  }
  return answers;
}

onBothSides('HTTPS: an agent takes TLS sessions up again', async (side, scope) => {
  const server = side.createHttpsServer(certificate(), (request, response) => {
    const reused = request.socket instanceof tls.TLSSocket && request.socket.isSessionReused();
    response.end(reused ? 'reused' : 'new');
  });
  const port = await listen(scope, server);
  const answers = await askTwice(side, port);
  assert.deepEqual(answers, [
    [false, 'new'],
    [true, 'reused'],
  ]);
});

for (const secure of [false, true]) {
  const scheme = secure ? 'https' : 'http';
  onBothSides(`HTTP/2 over ${scheme}: many streams on one connection`, async (side, scope) => {
    const answer = (
      request: { url?: string | undefined; pipe(to: NodeJS.WritableStream): unknown },
      response: NodeJS.WritableStream,
    ): void => {
      response.write(`${request.url} `);
      request.pipe(response);
    };
    const server = secure
      ? side.createHttp2SecureServer(certificate(), answer)
      : side.createHttp2Server(answer);
    let connections = 0;
    server.on('connection', () => connections++);
    const port = await listen(scope, server);
    const session = side.http2Connect(`${scheme}://127.0.0.1:${port}`, secure ? ca() : {});
    const body = 'x'.repeat(100_000);
    const answers = Array.from({ length: 20 }, (_, i) => {
      const stream = session.request({ ':path': `/${i}`, ':method': 'POST' });
      stream.end(body);
      return text(stream.setEncoding('utf8'));
    });
    const all = await Promise.all(answers);
    assert(all.every((one, i) => one === `/${i} ${body}`));
    assert.equal(connections, 1);
    session.close();
    await once(session, 'close');
    const closed = once(server, 'close');
    server.close();
    await closed;
  });
}

test('TLS by hand: tls.connect({socket}) and TLSSocket over our sockets', async (scope) => {
  const server = ours.createServer((socket) => {
    const secured = new tls.TLSSocket(socket, { isServer: true, ...certificate() });
    secured.pipe(secured);
  });
  const port = await listen(scope, server as unknown as import('node:net').Server);
  const client = tls.connect({ ...ca(), socket: ours.connect(port, '127.0.0.1') });
  client.end('secret');
  assert.equal(await text(client), 'secret');
});

test('TLS in native code: toNodeSocket under a tls server and a client', async (scope) => {
  const secureServer = tls.createServer(certificate(), (socket) => socket.pipe(socket));
  const listener = ours.createServer((socket) => {
    secureServer.emit('connection', toNodeSocket(socket));
  });
  const port = await listen(scope, listener as unknown as import('node:net').Server);
  const plain = ours.connect(port, '127.0.0.1');
  await once(plain, 'connect');
  const client = tls.connect({ ...ca(), socket: toNodeSocket(plain) });
  const body = Buffer.alloc(1 << 20, 'ab');
  client.end(body);
  assert.equal((await text(client)).length, body.length);
});

test('a path, a listener, and (port, host, options) as tls.connect takes them', async (scope) => {
  const path = `\0bw-tls-${process.pid}`;
  const server = createTlsServer(certificate(), (socket) => socket.end('path')).listen(path);
  scope.defer(() => server.close());
  await once(server, 'listening');
  assert.equal(await text(tlsConnect({ ...ca(), path })), 'path');
  const onPort = createTlsServer(certificate(), (socket) => socket.end('port'));
  const port = await listen(scope, onPort);
  let heard = 0;
  const client = tlsConnect(port, '127.0.0.1', ca(), () => heard++);
  assert.equal(await text(client), 'port');
  assert.equal(heard, 1);
});
