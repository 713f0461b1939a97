// Closed loop: every connection sends `depth` messages at once, waits for all their replies, and
// takes the next from a common count, until the count is used up.
import { Connection, EAGAIN, IN, kernel, must, OUT, reactor, sink } from './kernel.mjs';

/** Above this a write may not fit the kernel's buffers at once. */
const SMALL_BYTES = 8 * 1024;

class Pinger extends Connection {
  constructor(fd, job) {
    super(fd, IN | OUT);
    this.job = job;
    this.connected = false;
    this.wanted = 0;
    this.unsent = 0;
    this.start = 0;
  }

  onReady(events) {
    if (!this.connected) {
      this.connected = true;
      // A UNIX socket reports OUT again for each message that the server takes.
      if (this.job.isPath) must('modify', reactor.modify(this, this.fd, IN));
      this.job.onConnected();
      return;
    }
    if (this.unsent > 0 && events & OUT) this.send();
    if (events & IN) this.receive();
  }

  ask() {
    const { job } = this;
    this.wanted = job.replyBytes;
    this.unsent = job.message.length;
    this.start = performance.now();
    this.send();
  }

  send() {
    const { message } = this.job;
    while (this.unsent > 0) {
      const sent = kernel.write(this.fd, message, message.length - this.unsent, this.unsent);
      if (sent === -EAGAIN) return;
      this.unsent -= must('write', sent);
    }
  }

  receive() {
    for (;;) {
      const { readBytes } = this.job;
      const count = kernel.read(this.fd, sink, 0, readBytes);
      if (count === -EAGAIN) return;
      if (must('read', count) === 0) throw new Error('the server closed a connection');
      this.wanted -= count;
      if (this.wanted === 0) this.job.onReply(this);
      if (count < readBytes) return;
    }
  }
}

export class PingPong {
  constructor({ size, reply = size, depth = 1, units, target }) {
    this.isPath = target?.path !== undefined;
    this.depth = depth;
    this.message = Buffer.alloc(size * depth, 'x');
    this.replyBytes = reply * depth;
    this.readBytes = this.replyBytes <= SMALL_BYTES ? 2 * SMALL_BYTES : sink.length;
    this.latencies = new Float64Array(Math.ceil(units / depth));
    this.connections = [];
    this.waiting = 0;
    this.connecting = 0;
    this.onAllConnected = null;
  }

  add(fd) {
    this.connecting++;
    this.connections.push(new Pinger(fd, this));
  }

  onConnected() {
    if (--this.connecting === 0) this.onAllConnected?.();
  }

  /** Exchanges `units` messages on all connections; calls `onDone` at the end. */
  run(units, onDone) {
    this.left = Math.ceil(units / this.depth);
    this.count = 0;
    this.onDone = onDone;
    for (const connection of this.connections) {
      if (this.left === 0) break;
      this.left--;
      this.waiting++;
      connection.ask();
    }
  }

  onReply(connection) {
    this.latencies[this.count++] = performance.now() - connection.start;
    if (this.left > 0) {
      this.left--;
      connection.ask();
    } else if (--this.waiting === 0) this.onDone();
  }
}

/** All connections are asked at once, and again when all have answered: `units / conns` rounds. */
export class AtOnce extends PingPong {
  run(units, onDone) {
    this.count = 0;
    this.rounds = Math.ceil(units / this.connections.length);
    this.left = 0;
    this.onDone = () => {
      if (--this.rounds > 0) this.round();
      else onDone();
    };
    this.round();
  }

  round() {
    const start = performance.now();
    for (const connection of this.connections) {
      this.waiting++;
      connection.ask();
      connection.start = start;
    }
  }
}
