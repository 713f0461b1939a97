// The scenarios on the API of node:net, for every module that has it:
//   net.mjs MODULE SCENARIO tcp|/PATH       MODULE: node, or the path of ours
//   net.mjs MODULE client PORT CONNECTIONS
//   net.mjs MODULE relay PORT
// Prints `ready PORT` when it listens.
import { createRequire } from 'node:module';

const [name, scenario, where, count] = process.argv.slice(2);
const net = createRequire(import.meta.url)(name === 'node' ? 'node:net' : name);

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

/** The load asks with a byte for a collection before it reads the process's size. */
function idle(socket) {
  socket.on('data', (data) => {
    for (let i = 0; i < 3; i++) (globalThis.gc ?? globalThis.Bun?.gc)?.(true);
    socket.write(data);
  });
  socket.on('close', ignore);
}

function relay(socket) {
  const upstream = net.connect(Number(where), '127.0.0.1');
  upstream.on('error', ignore);
  socket.pipe(upstream).pipe(socket);
}

const HANDLERS = { echo, burst, churn, sink, busy, idle, relay, reuseport: echo, listen: ignore };

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

function listen() {
  const handler = HANDLERS[scenario];
  const server = net.createServer((socket) => {
    if (scenario !== 'idle') socket.on('error', ignore);
    handler(socket);
  });
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
