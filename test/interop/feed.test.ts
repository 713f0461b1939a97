/** Bytes that go straight into http's parser, and who else may come to see them. */
import assert from 'node:assert/strict';
import { AsyncResource, createHook } from 'node:async_hooks';
import { once } from 'node:events';
import http from 'node:http';
import type builtin from 'node:net';
import { type Duplex, Readable } from 'node:stream';
import { toNodeSocket } from 'barewire/interop';
import ours, { type Socket } from 'barewire/node';
import { type Scope, test } from '../kit/test.js';
import { ask, listen, onBothSides, type Side, text } from './sides.js';

const get = (path: string, more = ''): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n${more}\r\n`;

/** A client that is gone when the test is over, however it ends. */
function client(side: Side, scope: Scope, port: number): Duplex {
  const socket = side.connect(port);
  scope.defer(() => socket.on('error', () => {}).destroy());
  return socket;
}

/** Counts the 'data' events of each connection of a server. */
function countData(server: builtin.Server): { count: number } {
  const seen = { count: 0 };
  server.on('connection', (socket: Duplex) => {
    const { emit } = socket;
    socket.emit = (event: string | symbol, ...args: unknown[]): boolean => {
      if (event === 'data') seen.count++;
      return Reflect.apply(emit, socket, [event, ...args]);
    };
  });
  return seen;
}

/** Other connections' requests, which land in the same memory, larger than what came before. */
async function overwrite(port: number): Promise<void> {
  const headers = { 'x-fill': '#'.repeat(4000) };
  for (let i = 0; i < 3; i++) await ask({ port, headers, agent: false });
}

onBothSides("requests cost no 'data' event", async (side, scope) => {
  const server = side.createHttpServer((request, response) => response.end(request.url));
  const seen = countData(server);
  const port = await listen(scope, server);
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  scope.defer(() => agent.destroy());
  for (const path of ['/a', '/b', '/c']) {
    assert.equal((await ask({ port, agent, path })).body, path);
  }
  assert.equal(seen.count, 0);
});

test("requests on a connection given by hand cost no 'data' event", async (scope) => {
  const server = http.createServer((request, response) => response.end(request.url));
  const seen = countData(server);
  const listener = ours.createServer((socket) => server.emit('connection', socket));
  const port = await listen(scope, listener as unknown as builtin.Server);
  assert.equal((await ask({ port, path: '/by-hand', agent: false })).body, '/by-hand');
  assert.equal(seen.count, 0);
});

onBothSides(
  'what is kept of an upgrade and of a bad request stays as it was',
  async (side, scope) => {
    const server = side.createHttpServer((_request, response) => response.end());
    const port = await listen(scope, server);
    const upgraded = once(server, 'upgrade');
    const first = client(side, scope, port);
    first.write(`${get('/up', 'Connection: Upgrade\r\nUpgrade: x\r\n')}kept head`);
    const [, socket, head] = (await upgraded) as [unknown, Duplex, Buffer];
    scope.defer(() => socket.destroy());
    const refused = once(server, 'clientError');
    const second = client(side, scope, port);
    second.write('this is kept as well\r\n\r\n');
    const [error, bad] = (await refused) as [{ rawPacket: Buffer; code: string }, Duplex];
    await overwrite(port);
    assert.equal(String(head), 'kept head');
    assert.equal(String(error.rawPacket), 'this is kept as well\r\n\r\n');
    assert.equal(error.code, 'HPE_INVALID_METHOD');
    bad.end('HTTP/1.1 400 Mine\r\n\r\n');
    assert.equal(await text(second.resume()), 'HTTP/1.1 400 Mine\r\n\r\n');
    const got: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => got.push(chunk));
    first.write('behind it');
    while (Buffer.concat(got).length < 9) await once(socket, 'data');
    await overwrite(port);
    assert.equal(String(Buffer.concat(got)), 'behind it');
    socket.destroy();
    first.destroy();
  },
);

onBothSides('bodies and split headers of many connections do not mix', async (side, scope) => {
  const server = side.createHttpServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const kept = Buffer.concat(chunks).toString();
    response.end(`${request.headers['x-name']} ${kept === String(kept[0]).repeat(kept.length)}`);
  });
  const port = await listen(scope, server);
  const answers = await Promise.all(
    Array.from('abcdefgh', async (letter) => {
      const body = letter.repeat(200_000);
      const headers = `X-Name: ${letter.repeat(300)}\r\nContent-Length: ${body.length}\r\n`;
      const whole = `POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${headers}\r\n${body}`;
      const socket = client(side, scope, port);
      for (let at = 0; at < 400; at += 40) {
        socket.write(whole.slice(at, at + 40));
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      socket.write(whole.slice(400));
      return (await text(socket)).split('\r\n\r\n')[1];
    }),
  );
  assert.deepEqual(
    answers.map((answer) => answer?.replace(/^(.)\1*/, '$1')),
    Array.from('abcdefgh', (letter) => `${letter} true`),
  );
});

onBothSides("a 'data' listener of the user's gets later bytes too", async (side, scope) => {
  const heard: Buffer[] = [];
  const server = side.createHttpServer((request, response) => {
    if (request.url === '/1') request.socket.on('data', (chunk: Buffer) => heard.push(chunk));
    response.end(`<${request.url}>`);
  });
  const port = await listen(scope, server);
  const socket = client(side, scope, port);
  let answered = '';
  socket.on('data', (chunk) => {
    answered += chunk;
  });
  for (const path of ['/1', '/2', '/3']) {
    socket.write(get(path));
    while (!answered.includes(`<${path}>`)) await once(socket, 'data');
  }
  await overwrite(port);
  assert.equal(String(Buffer.concat(heard)), get('/2') + get('/3'));
});

onBothSides('a user who takes the socket over gets all further bytes', async (side, scope) => {
  const server = side.createHttpServer((request) => {
    const { socket } = request;
    socket.removeAllListeners('data');
    socket.on('data', (chunk) => socket.end(`raw ${chunk}`));
    socket.write('yours');
  });
  const port = await listen(scope, server);
  const socket = client(side, scope, port);
  socket.write(get('/'));
  await once(socket, 'data');
  socket.write('NO HTTP');
  assert.equal(await text(socket), 'raw NO HTTP');
});

async function flood(side: Side, scope: Scope, port: number, count: number): Promise<number[]> {
  const socket = client(side, scope, port);
  const last = get('/last', 'Connection: close\r\n');
  Readable.from(
    Array.from({ length: count }, (_, i) => (i === count - 1 ? last : get(`/${i}`))),
  ).pipe(socket, { end: false });
  await new Promise((resolve) => setTimeout(resolve, 50));
  return [...(await text(socket)).matchAll(/\[(\d+)\]/g)].map(([, n]) => Number(n));
}

onBothSides(
  'a client that asks and does not read is paused, and loses nothing',
  async (side, scope) => {
    let asked = 0;
    const filler = '.'.repeat(8000);
    const server = side.createHttpServer((_request, response) => {
      response.end(`${filler}[${asked++}]`);
    });
    const port = await listen(scope, server);
    const answers = await flood(side, scope, port, 3000);
    assert.deepEqual(
      answers,
      Array.from({ length: 3000 }, (_, i) => i),
    );
  },
);

test('an upgraded connection moves to the built-in with its bytes', async (scope) => {
  const server = http.createServer();
  const listener = ours.createServer((socket) => server.emit('connection', socket));
  const port = await listen(scope, listener as unknown as builtin.Server);
  server.on('upgrade', (_request, socket: Duplex, head: Buffer) => {
    const moved = toNodeSocket(socket as Socket);
    moved.write(head);
    moved.pipe(moved);
  });
  const client = ours.connect(port, '127.0.0.1');
  client.write(`${get('/', 'Connection: Upgrade\r\nUpgrade: x\r\n')}one `);
  await once(client, 'data');
  client.end('two');
  assert.equal(await text(client), 'two');
});

test('an answer costs one context for its callbacks, whatever http calls back', async (scope) => {
  const server = http.createServer((_request, response) => response.end('hello'));
  const listener = ours.createServer((socket) => server.emit('connection', socket));
  const port = await listen(scope, listener as unknown as builtin.Server);
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  scope.defer(() => agent.destroy());
  await ask({ port, agent });
  let made = 0;
  const hook = createHook({
    init: (_id, type, _trigger, resource) => {
      // The client's are the built-in's, which are no AsyncResource.
      if (type === 'WRITEWRAP' && resource instanceof AsyncResource) made++;
    },
  }).enable();
  scope.defer(() => hook.disable());
  for (let i = 0; i < 10; i++) await ask({ port, agent });
  assert.equal(made, 10);
});

test('a callback that does something is called, whatever its name', async (scope) => {
  let called = 0;
  const nop = (): void => {
    called++;
  };
  const silent = { nop: () => {} }.nop;
  const listener = ours.createServer((socket) => {
    socket.write('a', silent);
    socket.write('b', nop);
    socket.write('c', silent);
    socket.end('d', nop);
  });
  const port = await listen(scope, listener as unknown as builtin.Server);
  const socket = ours.connect(port);
  scope.defer(() => socket.destroy());
  assert.equal(await text(socket), 'abcd');
  assert.equal(called, 2);
});
