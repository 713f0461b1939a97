// The other way: each connection asks for its share, and reads until the server's FIN. Where told
// to, one more connection echoes a byte now and then: the longest wait for it is how long the
// server's event loop stood still.
import { Connection, dial, EAGAIN, IN, isBroken, kernel, must, OUT, sink } from './kernel.mjs';

/** What the server answers with itself; all else is a count. */
const PROBE = Buffer.from('p');
const PROBE_EVERY_MS = 1;

class Receiver extends Connection {
  constructor(fd, job, count) {
    super(fd, IN | OUT);
    this.job = job;
    this.count = count;
    this.asked = false;
    this.received = 0;
  }

  onReady(events) {
    if (!this.asked && events & OUT) {
      this.asked = true;
      const request = Buffer.from(`${this.count}\n`);
      must('write', kernel.write(this.fd, request, 0, request.length));
    }
    if (events & IN) this.receive();
  }

  receive() {
    for (;;) {
      const count = kernel.read(this.fd, sink, 0, sink.length);
      if (count === -EAGAIN) return;
      if (must('read', count) === 0) break;
      this.received += count;
    }
    this.close();
    const expected = this.count * this.job.size;
    if (this.received !== expected) {
      throw new Error(`the server sent ${this.received} bytes of ${expected}`);
    }
    this.job.onReceiverDone();
  }
}

class Probe extends Connection {
  constructor(fd, job) {
    super(fd, IN | OUT);
    this.job = job;
    this.sentAt = 0;
  }

  onReady(events) {
    if (this.sentAt === 0 && events & OUT) this.ask();
    if (!(events & IN)) return;
    const count = kernel.read(this.fd, sink, 0, sink.length);
    if (count <= 0) {
      if (count !== -EAGAIN && !isBroken(count)) must('read', count);
      return;
    }
    this.job.onProbe(performance.now() - this.sentAt);
    setTimeout(() => this.ask(), PROBE_EVERY_MS);
  }

  ask() {
    if (this.fd < 0) return;
    this.sentAt = performance.now();
    must('write', kernel.write(this.fd, PROBE, 0, PROBE.length));
  }
}

export class Receiving {
  constructor({ size, conns, target, probes = false }) {
    this.size = size;
    this.conns = conns;
    this.target = target;
    this.probes = probes;
    /** The longest wait of the last run; undefined where nobody waits. */
    this.stallMs = undefined;
  }

  run(units, onDone) {
    const share = Math.ceil(units / this.conns);
    this.receivers = this.conns;
    this.answered = 0;
    this.onDone = onDone;
    if (!this.probes) {
      this.ask(share);
      return;
    }
    this.stallMs = 0;
    this.begin = () => this.ask(share);
    this.probe = new Probe(dial(this.target), this);
  }

  ask(share) {
    for (let i = 0; i < this.conns; i++) new Receiver(dial(this.target), this, share);
  }

  onProbe(waitMs) {
    // The first one has waited for the connection.
    if (this.answered++ === 0) this.begin();
    else this.stallMs = Math.max(this.stallMs, waitMs);
    if (this.receivers === 0) this.finish();
  }

  onReceiverDone() {
    // With a probe the run ends with its next answer: none is under way then.
    if (--this.receivers === 0 && !this.probes) this.finish();
  }

  finish() {
    this.probe?.close();
    this.onDone();
  }
}
