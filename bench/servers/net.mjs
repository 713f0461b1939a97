// The scenarios on the API of node:net, for every module that has it:
//   net.mjs MODULE SCENARIO tcp|/PATH       MODULE: node, or the path of ours
//   net.mjs MODULE client|tls-client|tls-visitor PORT CONNECTIONS
//   net.mjs MODULE relay PORT
// Prints `ready PORT` when it listens.
import { createReadStream, ftruncateSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { clientOptions, serverOptions } from '../lib/certificate.mjs';
import { makeGarbage } from './garbage.mjs';

const [name, scenario, where, count] = process.argv.slice(2);
const require = createRequire(import.meta.url);
const net = require(name === 'node' ? 'node:net' : name);

const BURST = 100;
const BUSY_MS = 2;
const chunk = Buffer.alloc(32, 'x');
const message = Buffer.alloc(64, 'x');
const small = Buffer.alloc(100, 'x');
const PROBE = 'p'.charCodeAt(0);
/** What the load counts in where much is sent. */
const UNIT_BYTES = 64 * 1024;
const FILE_BYTES = 32 * 1024 * 1024;

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

/** Serves a count that comes as text, in a message of its own; a probe is sent back. */
const onRequest = (serve) => (socket) => {
  socket.on('data', (data) => {
    if (data[0] === PROBE) socket.write(data);
    else serve(socket, Number(data));
  });
};

/** As much as `write()` says that it takes, in chunks of `size`. */
function sendChunks(size) {
  const bytes = Buffer.alloc(size, 'x');
  return (socket, count) => {
    let left = count * UNIT_BYTES;
    const send = () => {
      while (left > 0) {
        const chunk = left < size ? bytes.subarray(0, left) : bytes;
        left -= chunk.length;
        if (!socket.write(chunk)) {
          socket.once('drain', send);
          return;
        }
      }
      socket.end();
    };
    send();
  };
}

/** The same from a file, as often as it takes. */
function sendFile(socket, count) {
  let left = count * UNIT_BYTES;
  const next = () => {
    const length = Math.min(left, FILE_BYTES);
    left -= length;
    const range = { start: 0, end: length - 1 };
    const file = createReadStream('', { fd: largeFile(), autoClose: false, ...range });
    file.pipe(socket, { end: left === 0 });
    if (left > 0) file.on('end', next);
  };
  next();
}

let fileDescriptor = -1;

/** Made at its first use. It has no name, so that it goes with the process however that ends. */
function largeFile() {
  if (fileDescriptor >= 0) return fileDescriptor;
  const folder = mkdtempSync(join(tmpdir(), 'barewire-bench-'));
  fileDescriptor = openSync(join(folder, 'file'), 'w+');
  rmSync(folder, { recursive: true });
  ftruncateSync(fileDescriptor, FILE_BYTES);
  return fileDescriptor;
}

function sendSmall(socket, count) {
  for (let i = 0; i < count; i++) socket.write(small);
  socket.end();
}

function sendCorked(socket, count) {
  socket.cork();
  for (let i = 0; i < count; i++) socket.write(small);
  socket.uncork();
  socket.end();
}

function relay(socket) {
  const upstream = net.connect(Number(where), '127.0.0.1');
  upstream.on('error', ignore);
  socket.pipe(upstream).pipe(socket);
}

const answer = (_request, response) => response.end('hello');

/** Where the machine is busy the load may take longer than the usual five seconds. */
const options = { keepAliveTimeout: 60_000 };

/** A file of the package that is measured. */
const own = (...path) => require(join(dirname(name), ...path, 'index.js'));

/** Node's `http`, on ours by `barewire/interop`. */
function httpServer() {
  if (name === 'node') return require('node:http').createServer(options, answer);
  return own('interop').createHttpServer(options, answer);
}

function httpsServer() {
  const all = { ...options, ...serverOptions() };
  if (name === 'node') return require('node:https').createServer(all, answer);
  return own('interop').createHttpsServer(all, answer);
}

const tlsServer = (handler) => () => {
  const onSecure = (socket) => handler(socket.on('error', ignore));
  const all = { ...serverOptions(), noDelay: true };
  if (name === 'node') return require('node:tls').createServer(all, onSecure);
  return own('interop').createTlsServer(all, onSecure);
};

/** As a program dials by Node's `tls`: under the hook, with a socket of `net` that is ours. */
function secureDial() {
  const tls = require('node:tls');
  if (name === 'node') {
    const socket = tls.connect({ port: Number(where), host: '127.0.0.1', ...clientOptions });
    return socket.setNoDelay(true);
  }
  const socket = own('register').net.connect(Number(where), '127.0.0.1').setNoDelay(true);
  return tls.connect({ socket, ...clientOptions });
}

function connectAllSecure() {
  let connected = 0;
  for (let i = 0; i < Number(count); i++) {
    const socket = secureDial().once('secureConnect', () => {
      if (++connected === Number(count)) ready(0);
    });
    socket.on('error', ignore);
    echo(socket);
  }
}

/** Makes as many connections as the first one says, for one message each, so many at once. */
function visit() {
  let left = 0;
  let under = 0;
  const told = secureDial().once('secureConnect', () => ready(0));
  const next = () => {
    for (; left > 0 && under < Number(count); left--, under++) {
      const socket = secureDial();
      socket.write(message);
      socket.on('data', ignore).once('close', () => {
        under--;
        if (left > 0) next();
        else if (under === 0) told.write('.');
      });
    }
  };
  told.on('data', (data) => {
    left = Number(data);
    next();
  });
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
  'send-64k': onRequest(sendChunks(64 * 1024)),
  'send-1m': onRequest(sendChunks(1024 * 1024)),
  'send-file': onRequest(sendFile),
  'small-corked': onRequest(sendCorked),
  'small-loop': onRequest(sendSmall),
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

const SERVERS = {
  http: httpServer,
  'http-hand': httpByHand,
  https: httpsServer,
  'tls-echo': tlsServer(echo),
  'tls-churn': tlsServer(churn),
};

/** What dials in place of listening. */
const CLIENTS = { client: connectAll, 'tls-client': connectAllSecure, 'tls-visitor': visit };

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

(CLIENTS[scenario] ?? listen)();
