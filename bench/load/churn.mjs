// Connections that live for one message: connect, send, read the echo and the server's FIN, close.
import { Connection, dial, EAGAIN, IN, isBroken, kernel, must, OUT, sink } from './kernel.mjs';

class Visitor extends Connection {
  constructor(job) {
    const start = performance.now();
    super(dial(job.target), IN | OUT);
    this.job = job;
    this.start = start;
    this.asked = false;
    this.wanted = job.message.length;
  }

  onReady(events) {
    if (!this.asked) {
      this.asked = true;
      must('write', kernel.write(this.fd, this.job.message, 0, this.job.message.length));
      return;
    }
    if (events & IN) this.receive();
  }

  receive() {
    for (;;) {
      const count = kernel.read(this.fd, sink, 0, sink.length);
      if (count === -EAGAIN) return;
      if (count === 0 || isBroken(count)) break;
      this.wanted -= must('read', count);
    }
    if (this.wanted !== 0) throw new Error('the server closed before it had answered');
    this.close();
    this.job.onClosed(this);
  }
}

export class Churn {
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
    new Visitor(this);
  }

  onClosed(visitor) {
    this.latencies[this.count++] = performance.now() - visitor.start;
    this.waiting--;
    if (this.left > 0) this.visit();
    else if (this.waiting === 0) this.onDone();
  }
}
