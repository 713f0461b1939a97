// Packages that mock the network by replacing parts of `net`, of its sockets and of `http`.
import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import { createRequire } from 'node:module';
import { close, listen } from '../kit/tools.mjs';

export const packages = ['nock'];

/** The lowest line of Node that these versions run on. */
export const node = 22;

const MSW = ['msw', '@mswjs/interceptors'];
export const about = {
  'msw: every client is mocked, and let through': MSW,
  'msw: raw connections, by TCP and a UNIX path, are let through': MSW,
  'mitm: a client and a server within the process': ['mitm'],
};

/** Mocked: no connection of either make is made. */
export const core = [
  'mitm: a client and a server within the process',
  'nock: TLS of https.get and of an agent',
];

const require = createRequire(import.meta.url);

function ask(module, options) {
  return new Promise((resolve) => {
    const request = module.get(options, async (response) => {
      let text = '';
      for await (const chunk of response) text += chunk;
      resolve({ status: response.statusCode, text });
    });
    request.on('error', (error) => resolve({ code: error.code }));
  });
}

async function asked(url) {
  try {
    const response = await fetch(url, { headers: { connection: 'close' } });
    return { status: response.status, text: await response.text() };
  } catch (error) {
    return { code: error.cause?.code ?? error.message };
  }
}

/** Every way to a URL that a program has. */
async function clients(origin, path, lib) {
  const { hostname: host, port } = new URL(origin);
  const agent = new lib.HttpAgent();
  const kept = new lib.HttpAgent({ keepAlive: true });
  const to = { host, port, path };
  const answers = {
    'http.get': await ask(http, to),
    agent: await ask(http, { ...to, agent }),
    kept: [await ask(http, { ...to, agent: kept }), await ask(http, { ...to, agent: kept })],
    fetch: await asked(`${origin}${path}`),
  };
  kept.destroy();
  return answers;
}

/** Sends `text` when connected, and collects what comes. */
async function exchange(socket, text) {
  const seen = [];
  socket.setEncoding('utf8');
  for (const name of ['connect', 'ready', 'end', 'close']) socket.on(name, () => seen.push(name));
  socket.on('data', (chunk) => seen.push(chunk));
  socket.on('error', (error) => seen.push(error.code));
  await once(socket, 'data');
  socket.end(text);
  await once(socket, 'close');
  return seen;
}

async function raw(net) {
  let accepted = 0;
  const serve = (socket) => {
    accepted++;
    socket.write('hello ');
    socket.on('data', (chunk) => socket.write(`got ${chunk}`)).on('end', () => socket.end());
  };
  const server = net.createServer({ allowHalfOpen: true }, serve);
  const port = await listen(server);
  const path = `/tmp/bw-mocks-${process.pid}.sock`;
  const local = net.createServer({ allowHalfOpen: true }, serve).listen(path);
  await once(local, 'listening');
  const got = [
    await exchange(net.connect(port, '127.0.0.1'), 'one'),
    await exchange(new net.Socket().connect({ port, host: '127.0.0.1' }), 'two'),
    await exchange(net.connect(path), 'three'),
    await exchange(new (class extends net.Socket {})().connect(port, '127.0.0.1'), 'four'),
  ];
  await Promise.all([close(server), close(local)]);
  return { got, accepted };
}

async function reachable() {
  const server = http.createServer((request, response) => response.end(`real ${request.url}`));
  return { server, origin: `http://127.0.0.1:${await listen(server)}` };
}

async function closeAll(server) {
  server.closeAllConnections();
  await close(server);
}

export const scenarios = {
  async 'nock: mocked, forbidden, restored'({ lib }) {
    const { server, origin } = await reachable();
    const { default: nock } = await import('nock');
    nock(origin).get('/mocked').times(5).reply(418, 'mocked');
    const mocked = await clients(origin, '/mocked', lib);
    nock.disableNetConnect();
    const forbidden = await clients(origin, '/other', lib);
    const net = require('node:net');
    nock.enableNetConnect();
    const through = await clients(origin, '/other', lib);
    nock.restore();
    const restored = await clients(origin, '/mocked', lib);
    const after = await raw(net);
    await closeAll(server);
    const told = JSON.stringify({ mocked, forbidden, through, restored });
    return { told: told.replaceAll(new URL(origin).port, 'PORT'), after };
  },

  async 'nock: a raw connection is let through'() {
    await import('nock');
    return raw(require('node:net'));
  },

  async 'nock: TLS of https.get and of an agent'({ lib, certificate }) {
    const { key, cert } = certificate;
    const server = https.createServer({ key, cert }, (_, response) => response.end('real'));
    const port = await listen(server);
    const { default: nock } = await import('nock');
    nock(`https://localhost:${port}`).get('/mocked').times(2).reply(200, 'mocked');
    const agent = new lib.HttpsAgent({ keepAlive: false });
    const to = { host: 'localhost', port, ca: cert, family: 4, checkServerIdentity() {} };
    const answers = [];
    for (const path of ['/mocked', '/through']) {
      answers.push(await ask(https, { ...to, path, agent: false }));
      answers.push(await ask(https, { ...to, path, agent }));
      if (path === '/mocked') nock.cleanAll();
    }
    nock.restore();
    await closeAll(server);
    return answers;
  },

  async 'msw: every client is mocked, and let through'({ lib }) {
    const { http: handle, HttpResponse, passthrough } = await import('msw');
    const { setupServer } = await import('msw/node');
    const { server, origin } = await reachable();
    const mock = setupServer(
      handle.get(`${origin}/mocked`, () => new HttpResponse('mocked', { status: 418 })),
      handle.get(`${origin}/through`, () => passthrough()),
    );
    mock.listen({ onUnhandledRequest: 'bypass' });
    const answers = [];
    for (const path of ['/mocked', '/through', '/other']) {
      answers.push(await clients(origin, path, lib));
    }
    mock.close();
    answers.push(await clients(origin, '/mocked', lib));
    await closeAll(server);
    return answers;
  },

  async 'msw: raw connections, by TCP and a UNIX path, are let through'() {
    const { setupServer } = await import('msw/node');
    const mock = setupServer();
    mock.listen({ onUnhandledRequest: 'bypass' });
    const net = require('node:net');
    const during = await raw(net);
    mock.close();
    return { during, after: await raw(net) };
  },

  async 'mitm: a client and a server within the process'() {
    const net = require('node:net');
    const mitm = require('mitm')();
    mitm.on('connection', (socket) => {
      socket.on('error', () => {});
      socket.once('data', (chunk) => socket.end(`mitm got ${chunk}`));
    });
    const socket = net.connect(22, 'example.org');
    socket.write('hello');
    const [chunk] = await once(socket, 'data');
    mitm.disable();
    return String(chunk);
  },
};
