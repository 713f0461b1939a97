// The floor: what is under the Socket, with as little on top as the job takes.
//   floor.mjs plain|duplex SCENARIO tcp|/PATH
//   floor.mjs duplex client PORT CONNECTIONS
// `plain` is the transport alone; `duplex` puts the barest stream.Duplex on it.
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { Duplex } from 'node:stream';
import { makeGarbage } from './garbage.mjs';

const require = createRequire(import.meta.url);
const { systemHost } = require('../../dist/transport/host.js');
const { bindPath, bindTcp } = require('../../dist/transport/bind.js');
const { Listener } = require('../../dist/transport/listener.js');
const { Stream } = require('../../dist/transport/stream.js');

const [kind, scenario, where, count] = process.argv.slice(2);
const BURST = 100;
const chunk = Buffer.alloc(32, 'x');
const host = systemHost();
const { AF_INET, AF_UNIX } = host.kernel.constants;
const isPath = where.startsWith('/');
const family = isPath ? AF_UNIX : AF_INET;

/** No streams: bytes come in by a call, and go out by one. */
class Plain {
  constructor(stream) {
    this.stream = stream;
    this.closing = false;
  }

  onRead(data) {
    const { stream } = this;
    if (scenario === 'sink') return;
    if (scenario === 'burst') for (let i = 0; i < BURST; i++) stream.queue(chunk);
    else stream.queue(data);
    if (scenario === 'churn') this.closing = true;
    if (stream.pendingBytes >= 64 * 1024) stream.send();
    else stream.flushAfterHandler();
  }

  onFlush() {}

  onWritten() {
    if (this.closing) this.stream.close();
  }

  onReadEnd() {
    this.stream.close();
  }

  onReadError() {
    this.stream.close();
  }

  onWriteError() {
    this.stream.close();
  }
}

/** A Duplex with the least in it that moves bytes both ways, emits straight and gathers writes. */
class Bare extends Duplex {
  constructor(stream) {
    super({ allowHalfOpen: false });
    this.stream = stream;
    this.callback = null;
  }

  _read() {
    this.stream.startReading();
  }

  _write(bytes, _encoding, callback) {
    this.callback = callback;
    this.stream.queue(bytes);
    this.stream.flushAfterHandler();
  }

  _writev(entries, callback) {
    this.callback = callback;
    for (const entry of entries) this.stream.queue(entry.chunk);
    this.stream.flushAfterHandler();
  }

  _final(callback) {
    this.stream.shutdown();
    callback();
  }

  _destroy(error, callback) {
    this.stream.close();
    callback(error);
  }

  onRead(data) {
    const state = this._readableState;
    if (state.flowing && state.length === 0) {
      state.reading = false;
      this.emit('data', data);
    } else if (!this.push(data)) this.stream.stopReading();
  }

  onFlush() {}

  onWritten() {
    const { callback } = this;
    this.callback = null;
    callback?.();
  }

  onConnect(status) {
    if (status < 0) throw new Error(`connect: ${status}`);
    HANDLERS.echo(this);
  }

  onReadEnd() {
    this.push(null);
  }

  onReadError() {
    this.destroy();
  }

  onWriteError() {
    this.destroy();
  }
}

/** Node's own, which takes any stream. */
const http = createServer({ keepAliveTimeout: 60_000 }, (_request, response) =>
  response.end('hello'),
);

const HANDLERS = {
  echo: (socket) => socket.on('data', (data) => socket.write(data)),
  burst: (socket) =>
    socket.on('data', () => {
      for (let i = 0; i < BURST; i++) socket.write(chunk);
    }),
  churn: (socket) => socket.on('data', (data) => socket.end(data)),
  sink: (socket) => socket.on('data', () => {}),
  idle: (socket) => {
    socket.on('data', (data) => {
      if (scenario === 'idle-grown') makeGarbage();
      for (let i = 0; i < 3; i++) globalThis.gc();
      socket.write(data);
    });
    socket.on('close', () => {});
  },
  'idle-grown': (socket) => HANDLERS.idle(socket),
  http: (socket) => http.emit('connection', socket),
};

function onAccept(fd) {
  const stream = new Stream(host, fd, family, null);
  stream.owner = kind === 'plain' ? new Plain(stream) : new Bare(stream);
  if (stream.open() < 0) throw new Error('the descriptor can not be registered');
  if (kind === 'plain') stream.startReading();
  else HANDLERS[scenario](stream.owner.on('error', () => {}));
}

function connectAll(port) {
  for (let i = 0; i < Number(count); i++) {
    const fd = host.kernel.socket(AF_INET, host.kernel.constants.SOCK_STREAM, 0);
    const stream = new Stream(host, fd, AF_INET, null);
    stream.owner = new Bare(stream);
    if (stream.connect('127.0.0.1', port) < 0) throw new Error('can not connect');
  }
  process.stdout.write('ready 0\n');
}

function listen() {
  const bindOptions = { ipv6Only: false, reusePort: false };
  const fd = isPath ? bindPath(host, where) : bindTcp(host, '0.0.0.0', 0, 4, bindOptions);
  const listener = new Listener(host, fd, family, { onAccept });
  if (fd < 0 || listener.listen(4096) < 0) throw new Error('can not listen');
  process.stdout.write(`ready ${host.kernel.getsockname(fd).port}\n`);
}

if (scenario === 'client') connectAll(Number(where));
else listen();
