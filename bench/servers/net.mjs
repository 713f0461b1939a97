// The scenarios on the API of node:net, for every module that has it:
//   net.mjs MODULE SCENARIO tcp|/PATH       MODULE: node, or the path of ours
//   net.mjs MODULE client PORT CONNECTIONS
//   net.mjs MODULE relay PORT
// Prints `ready PORT` when it listens.
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { makeGarbage } from './garbage.mjs';

const [name, scenario, where, count] = process.argv.slice(2);
const require = createRequire(import.meta.url);
const net = require(name === 'node' ? 'node:net' : name);

const BURST = 100;
const BUSY_MS = 2;
const chunk = Buffer.alloc(32, 'x');

function ready(port) {
  process.stdout.write(`ready ${port}\n`);
}

/** A connection may be reset when the load goes away. */
function ignore() {}

function echo(socket) {
  socket.on('data', (data) => socket.write(data));
}

function burst(socket) {
  socket.on('data', () => {
    for (let i = 0; i < BURST; i++) socket.write(chunk);
  });
}

function churn(socket) {
  socket.on('data', (data) => socket.end(data));
}

function sink(socket) {
  socket.on('data', () => {});
}

function busy(socket) {
  socket.on('data', (data) => {
    const end = performance.now() + BUSY_MS;
    while (performance.now() < end);
    socket.write(data);
  });
}

/** A full collection: Node's and Deno's take an argument for a minor one, Bun's to wait for it. */
function collect() {
  for (let i = 0; i < 3; i++) {
    if (globalThis.Bun !== undefined) globalThis.Bun.gc(true);
    else globalThis.gc?.();
  }
}

/** The load asks with a byte for a collection before it reads the process's size. */
function idle(socket) {
  socket.on('data', (data) => {
    if (scenario === 'idle-grown') makeGarbage();
    collect();
    socket.write(data);
  });
  socket.on('close', ignore);
}

function relay(socket) {
  const upstream = net.connect(Number(where), '127.0.0.1');
  upstream.on('error', ignore);
  socket.pipe(upstream).pipe(socket);
}

const answer = (_request, response) => response.end('hello');

/** Where the machine is busy the load may take longer than the usual five seconds. */
const options = { keepAliveTimeout: 60_000 };

/** Node's `http`, on ours by `barewire/interop`. */
function httpServer() {
  if (name === 'node') return require('node:http').createServer(options, answer);
  return require(join(dirname(name), 'interop', 'index.js')).createHttpServer(options, answer);
}

/** A listener of `net`, whose connections are handed to Node's `http`. */
function httpByHand() {
  const server = require('node:http').createServer(options, answer);
  return net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    server.emit('connection', socket);
  });
}

const HANDLERS = {
  echo,
  burst,
  churn,
  sink,
  busy,
  idle,
  'idle-grown': idle,
  relay,
  reuseport: echo,
  listen: ignore,
};

function connectAll() {
  let connected = 0;
  for (let i = 0; i < Number(count); i++) {
    const socket = net.connect(Number(where), '127.0.0.1', () => {
      if (++connected === Number(count)) ready(0);
    });
    socket.on('error', ignore);
    echo(socket);
  }
}

function netServer() {
  const handler = HANDLERS[scenario];
  return net.createServer((socket) => {
    if (handler !== idle) socket.on('error', ignore);
    handler(socket);
  });
}

const SERVERS = { http: httpServer, 'http-hand': httpByHand };

function listen() {
  const server = (SERVERS[scenario] ?? netServer)();
  const onListening = () => {
    if (scenario === 'listen') process.exit();
    ready(server.address().port ?? 0);
  };
  const backlog = 4096;
  if (where.startsWith('/')) server.listen({ path: where, backlog }, onListening);
  else if (scenario === 'reuseport') {
    server.listen({ port: Number(count), host: '0.0.0.0', backlog, reusePort: true }, onListening);
  } else server.listen({ port: 0, host: '0.0.0.0', backlog }, onListening);
}

if (scenario === 'client') connectAll();
else listen();
