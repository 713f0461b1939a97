/** HTTP on this package's connections, beside the same on the built-in's. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import builtin from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { createHttpServer, HttpAgent } from 'barewire/interop';
import ours from 'barewire/node';
import { test } from '../kit/test.js';
import { ask, listen, onBothSides, text } from './sides.js';

onBothSides('keep-alive: an agent asks again on the same connection', async (side, scope) => {
  const server = side.createHttpServer((request, response) => {
    response.end(`${request.url} ${request.socket.remotePort}`);
  });
  const port = await listen(scope, server);
  let connections = 0;
  server.on('connection', () => connections++);
  const agent = new side.HttpAgent({ keepAlive: true, maxSockets: 1 });
  scope.defer(() => agent.destroy());
  const answers: string[] = [];
  for (let i = 0; i < 20; i++) answers.push((await ask({ port, agent, path: `/${i}` })).body);
  assert.equal(connections, 1);
  assert.equal(new Set(answers.map((answer) => answer.split(' ')[1])).size, 1);
  assert.equal(answers[19]?.split(' ')[0], '/19');
});

onBothSides('an upload and a download of 8 MiB, streamed', async (side, scope) => {
  const server = side.createHttpServer((request, response) => request.pipe(response));
  const port = await listen(scope, server);
  const body = Buffer.alloc(8 << 20, 'abcdefghijklmnopqrstuvwxyz');
  const answer = await ask({ port, method: 'POST', agent: new side.HttpAgent() }, body);
  assert.equal(answer.body, body.toString());
});

onBothSides('pipelined requests are answered in order', async (side, scope) => {
  const server = side.createHttpServer(async (request, response) => {
    await sleep(request.url === '/0' ? 20 : 1);
    response.end(`<${request.url}>`);
  });
  const port = await listen(scope, server);
  const socket = side.connect(port);
  const lines = Array.from({ length: 50 }, (_, i) => `GET /${i} HTTP/1.1\r\nHost: x\r\n\r\n`);
  socket.write(lines.join(''));
  socket.write('GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  const answers = [...(await text(socket)).matchAll(/<(\/\w+)>/g)].map(([, path]) => path);
  assert.deepEqual(answers, [...Array.from({ length: 50 }, (_, i) => `/${i}`), '/last']);
});

onBothSides('an upgrade gets the bytes behind the request, and the socket', async (side, scope) => {
  const server = side.createHttpServer();
  server.on('upgrade', (_request, socket, head) => {
    socket.write('HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nfirst ');
    socket.write(head);
    socket.pipe(socket);
  });
  const port = await listen(scope, server);
  const request = http.request({
    port,
    host: '127.0.0.1',
    agent: new side.HttpAgent(),
    headers: { Connection: 'Upgrade', Upgrade: 'echo' },
  });
  request.end();
  const [response, socket, head] = await once(request, 'upgrade');
  assert.equal(response.statusCode, 101);
  if (head.length > 0) socket.unshift(head);
  socket.end('over');
  assert.equal(await text(socket), 'first over');
});

onBothSides('CONNECT gives a tunnel', async (side, scope) => {
  const server = side.createHttpServer();
  server.on('connect', (request, socket) => {
    socket.write('HTTP/1.1 200 OK\r\n\r\n');
    socket.end(`to ${request.url}`);
  });
  const port = await listen(scope, server);
  const options = { port, host: '127.0.0.1', method: 'CONNECT', path: 'far:1' };
  const request = http.request({ ...options, agent: new side.HttpAgent() }).end();
  const [, socket, head] = await once(request, 'connect');
  assert.equal(String(head) + (await text(socket)), 'to far:1');
});

onBothSides('a request that does not come in time is answered 408', async (side, scope) => {
  const server = side.createHttpServer({ connectionsCheckingInterval: 20, headersTimeout: 60 });
  const port = await listen(scope, server);
  const socket = side.connect(port);
  socket.write('GET / HTTP/1.1\r\n');
  assert.match(await text(socket), /^HTTP\/1.1 408 Request Timeout/);
});

onBothSides('an idle kept connection is closed after keepAliveTimeout', async (side, scope) => {
  const server = side.createHttpServer({ keepAliveTimeout: 30 }, (_request, response) => {
    response.end('ok');
  });
  const port = await listen(scope, server);
  const socket = side.connect(port);
  const before = Date.now();
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  assert.match(await text(socket), /ok/);
  assert(Date.now() - before < 8000);
});

onBothSides('server.setTimeout and request.setTimeout fire', async (side, scope) => {
  const server = side.createHttpServer(() => {});
  const timedOut = new Promise((resolve) => server.setTimeout(40, resolve));
  const port = await listen(scope, server);
  const request = http.get({ port, host: '127.0.0.1', agent: new side.HttpAgent(), timeout: 20 });
  request.on('error', () => {});
  await once(request, 'timeout');
  await timedOut;
  request.destroy();
});

onBothSides('close() waits for a request, not for an idle connection', async (side, scope) => {
  let answer = (): void => {};
  // Without a time-out of its own an idle connection is closed by close() alone.
  const server = side.createHttpServer({ keepAliveTimeout: 0 }, (request, response) => {
    if (request.url === '/slow') answer = () => response.end('done');
    else response.end('done');
  });
  const port = await listen(scope, server);
  const agent = new side.HttpAgent({ keepAlive: true });
  scope.defer(() => agent.destroy());
  const connected = once(server, 'connection');
  await ask({ port, agent, path: '/fast' });
  const [idle] = (await connected) as [Duplex];
  const slow = ask({ port, agent: new side.HttpAgent(), path: '/slow' });
  await once(server, 'request');
  const idleClosed = once(idle, 'close');
  const order: string[] = [];
  const closed = new Promise((resolve) => server.close(resolve)).then((error) => {
    order.push('closed');
    return error;
  });
  assert.equal(server.listening, false);
  await idleClosed;
  order.push('answered');
  answer();
  assert.equal((await slow).body, 'done');
  assert.equal(await closed, undefined);
  assert.deepEqual(order, ['answered', 'closed']);
  const error = await new Promise<Error | undefined>((resolve) => server.close(resolve));
  assert.equal(Object(error).code, 'ERR_SERVER_NOT_RUNNING');
});

onBothSides('a client that resets reaches clientError or the request', async (side, scope) => {
  const server = side.createHttpServer((request) => request.resume());
  const port = await listen(scope, server);
  const bad = side.connect(port);
  bad.write('NONSENSE\r\n\r\n');
  assert.match(await text(bad), /^HTTP\/1.1 400/);
  const client = builtin.connect(port, '127.0.0.1');
  client.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc');
  const [request] = await once(server, 'request');
  const failed = once(request, 'error');
  client.resetAndDestroy();
  const [error] = await failed;
  assert.equal(error.code, 'ECONNRESET');
});

onBothSides('maxConnections, getConnections, address, ref and unref', async (side, scope) => {
  const server = side.createHttpServer((_request, response) => response.end());
  server.maxConnections = 1;
  const port = await listen(scope, server);
  assert.equal(server.maxConnections, 1);
  assert.deepEqual(server.address(), { address: '127.0.0.1', family: 'IPv4', port });
  assert.equal(server.unref().ref(), server);
  const first = side.connect(port);
  await once(server, 'connection');
  const second = side.connect(port);
  second.on('error', () => {});
  const [info] = await once(server, 'drop');
  assert.equal(info.localPort, port);
  const count = await new Promise((resolve) => server.getConnections((_, n) => resolve(n)));
  assert.equal(count, 1);
  first.destroy();
  second.destroy();
});

test('by hand: server.emit(connection), createConnection, a UNIX path', async (scope) => {
  const server = http.createServer((request, response) => {
    response.end(String(request.socket instanceof ours.Socket));
  });
  const listener = ours.createServer((socket) => server.emit('connection', socket));
  listener.listen(0);
  await once(listener, 'listening');
  scope.defer(() => listener.close());
  const { port } = listener.address() as builtin.AddressInfo;
  const createConnection = () => ours.connect(port, '127.0.0.1');
  const request = http.get({ createConnection });
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  assert(request.socket instanceof ours.Socket);
  assert.equal(await text(response), 'true');

  const path = `\0bw-interop-${process.pid}`;
  const onPath = createHttpServer((_request, answer) => answer.end('unix')).listen(path);
  await once(onPath, 'listening');
  scope.defer(() => onPath.close());
  const { body } = await ask({ socketPath: path, agent: new HttpAgent(), path: '/x' });
  assert.equal(body, 'unix');
});
