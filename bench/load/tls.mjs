// The jobs of pingpong.mjs and churn.mjs over TLS, by Node's own `tls`: the measured process does
// the other half of each handshake and record.
import { once } from 'node:events';
import tls from 'node:tls';
import { clientOptions, serverOptions } from '../lib/certificate.mjs';
import { PingPong } from './pingpong.mjs';

/** What goes wrong ends the load, and the harness says so. */
export function secureDial({ host, port }) {
  const socket = tls.connect({ host, port, ...clientOptions });
  socket.setNoDelay(true);
  return socket;
}

class SecurePinger {
  constructor(socket, job) {
    this.socket = socket;
    this.job = job;
    this.wanted = 0;
    this.start = 0;
    socket.on('data', (chunk) => this.receive(chunk.length));
    socket.on('end', () => {
      throw new Error('the server closed a connection');
    });
  }

  ask() {
    this.wanted = this.job.replyBytes;
    this.start = performance.now();
    this.socket.write(this.job.message);
  }

  receive(count) {
    this.wanted -= count;
    if (this.wanted === 0) this.job.onReply(this);
  }
}

export class SecurePingPong extends PingPong {
  add(socket) {
    this.connecting++;
    this.connections.push(new SecurePinger(socket, this));
    if (socket.secureConnecting) socket.once('secureConnect', () => this.onConnected());
    else setImmediate(() => this.onConnected());
  }
}

/** The other side dials. Resolves with the port; `onSecured` gets each connection. */
export async function secureListen(onSecured) {
  const server = tls.createServer({ ...serverOptions(), noDelay: true }, onSecured);
  server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 });
  await once(server, 'listening');
  return server.address().port;
}

/** Connections that live for one message: handshake, message, echo, close. */
export class SecureChurn {
  constructor({ size, conns, target, units }) {
    this.message = Buffer.alloc(size, 'x');
    this.conns = conns;
    this.target = target;
    this.latencies = new Float64Array(units);
  }

  run(units, onDone) {
    this.left = units;
    this.count = 0;
    this.waiting = 0;
    this.onDone = onDone;
    while (this.waiting < this.conns && this.left > 0) this.visit();
  }

  visit() {
    this.left--;
    this.waiting++;
    const start = performance.now();
    let wanted = this.message.length;
    const socket = secureDial(this.target);
    socket.write(this.message);
    socket.on('data', (chunk) => {
      wanted -= chunk.length;
    });
    socket.on('close', () => {
      if (wanted !== 0) throw new Error('the server closed before it had answered');
      this.onClosed(performance.now() - start);
    });
  }

  onClosed(ms) {
    this.latencies[this.count++] = ms;
    this.waiting--;
    if (this.left > 0) this.visit();
    else if (this.waiting === 0) this.onDone();
  }
}

/**
 * The same with the sides changed: the measured process makes the connections, as many as it is
 * told by its first one, and says there when they are done.
 */
export class SecureVisited {
  #told = null;
  #visited = 0;

  /** Resolves with the port at once, and calls `onReady` when the first connection is there. */
  listen(onReady) {
    return secureListen((socket) => {
      if (this.#told !== null) {
        socket.on('data', (data) => socket.end(data));
        socket.on('close', () => this.#visited++);
        return;
      }
      this.#told = socket;
      socket.on('data', () => this.#finish());
      onReady();
    });
  }

  run(units, onDone) {
    this.#visited = 0;
    this.units = units;
    this.onDone = onDone;
    this.#told.write(`${units}\n`);
  }

  #finish() {
    // The last of them may not have told here yet that it is closed.
    if (this.#visited < this.units) setImmediate(() => this.#finish());
    else this.onDone();
  }
}
