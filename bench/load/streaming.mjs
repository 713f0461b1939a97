// One way: every connection sends its share of chunks, then FIN, and waits for the server's FIN.
import {
  Acceptor,
  Connection,
  dial,
  EAGAIN,
  IN,
  kernel,
  listen,
  must,
  OUT,
  sink,
} from './kernel.mjs';

class Sender extends Connection {
  constructor(fd, job, chunks) {
    super(fd, IN | OUT);
    this.job = job;
    this.unsentBytes = chunks * job.chunk.length;
  }

  onReady(events) {
    if (this.unsentBytes > 0) this.send();
    else if (events & IN) this.receiveEnd();
  }

  send() {
    const { chunk } = this.job;
    while (this.unsentBytes > 0) {
      const offset = (chunk.length - (this.unsentBytes % chunk.length)) % chunk.length;
      const sent = kernel.write(this.fd, chunk, offset, chunk.length - offset);
      if (sent === -EAGAIN) return;
      this.unsentBytes -= must('write', sent);
    }
    this.shutdown();
  }

  receiveEnd() {
    const count = kernel.read(this.fd, sink, 0, sink.length);
    if (count === -EAGAIN) return;
    must('read', count);
    this.close();
    this.job.onSenderDone();
  }
}

/** The far end behind a relay: reads until FIN, and closes. */
class Receiver extends Connection {
  constructor(fd, job) {
    super(fd, IN);
    this.job = job;
  }

  onReady() {
    for (;;) {
      const count = kernel.read(this.fd, sink, 0, sink.length);
      if (count === -EAGAIN) return;
      if (must('read', count) === 0) {
        this.close();
        this.job.onReceiverDone();
        return;
      }
      this.job.received += count;
    }
  }
}

export class Streaming {
  constructor({ size, conns, target }) {
    this.chunk = Buffer.alloc(size, 'x');
    this.conns = conns;
    this.target = target;
    this.received = 0;
    this.port = 0;
    this.acceptor = null;
  }

  /** Takes the connections that a relay makes; returns the port. */
  listen() {
    const { fd, port } = listen();
    this.acceptor = new Acceptor(fd, (accepted) => new Receiver(accepted, this));
    return port;
  }

  run(units, onDone) {
    const chunks = Math.ceil(units / this.conns);
    this.received = 0;
    this.senders = this.conns;
    // A relay answers FIN with FIN before the far end has all.
    this.receivers = this.acceptor === null ? 0 : this.conns;
    this.onDone = () => {
      const expected = chunks * this.conns * this.chunk.length;
      if (this.acceptor !== null && this.received !== expected) {
        throw new Error(`the relay lost bytes: ${this.received} of ${expected}`);
      }
      onDone();
    };
    for (let i = 0; i < this.conns; i++) new Sender(dial(this.target), this, chunks);
  }

  onSenderDone() {
    this.senders--;
    if (this.senders + this.receivers === 0) this.onDone();
  }

  onReceiverDone() {
    this.receivers--;
    if (this.senders + this.receivers === 0) this.onDone();
  }
}
