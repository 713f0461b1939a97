// What the load stands on: barewire's kernel interface and reactor, without its streams. One
// object per connection, one buffer for all reads, nothing allocated per message.
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const { systemHost } = require('../../dist/transport/host.js');
const { bindTcp } = require('../../dist/transport/bind.js');
const { errno } = require('../../dist/util/system_error.js');

export const { Pollable } = require('../../dist/reactor/pollable.js');
export const host = systemHost();
export const { kernel, reactor } = host;
export const { EAGAIN } = errno;

const c = kernel.constants;
export const IN = c.EPOLLIN | c.EPOLLRDHUP;
export const OUT = c.EPOLLOUT;
const BACKLOG = 4096;
const BROKEN = new Set([errno.ECONNRESET, errno.EPIPE]);

/** Reads land here, and nobody looks at them. */
export const sink = Buffer.allocUnsafeSlow(512 * 1024);

/** The number, or the end of the program where it is an error. */
export function must(what, status) {
  if (status >= 0) return status;
  throw new Error(`${what}: errno ${-status}`);
}

export const isBroken = (status) => BROKEN.has(-status);

/** Begins to connect; the descriptor reports OUT when it stands. */
export function dial(target) {
  const { AF_UNIX, AF_INET, SOCK_STREAM, IPPROTO_TCP, TCP_NODELAY } = c;
  const family = target.path ? AF_UNIX : AF_INET;
  const fd = must('socket', kernel.socket(family, SOCK_STREAM, 0));
  if (family === AF_INET) kernel.setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  const status = kernel.connect(fd, family, target.path ?? target.host, target.port ?? 0);
  if (status !== -errno.EINPROGRESS) must('connect', status);
  return fd;
}

/** A listening descriptor on any free port, and that port. */
export function listen() {
  const fd = must('bind', bindTcp(host, '127.0.0.1', 0, 4, { ipv6Only: false, reusePort: false }));
  must('listen', kernel.listen(fd, BACKLOG));
  return { fd, port: kernel.getsockname(fd).port };
}

/** Hands each accepted descriptor to `onAccept`. */
export class Acceptor extends Pollable {
  context = null;

  constructor(fd, onAccept) {
    super();
    this.fd = fd;
    this.onAccept = onAccept;
    must('register', reactor.register(this, fd, c.EPOLLIN));
    reactor.ref();
  }

  onReady() {
    while (this.fd >= 0) {
      const fd = kernel.accept(this.fd);
      if (fd === -EAGAIN) return;
      must('accept', fd);
      kernel.setsockopt(fd, c.IPPROTO_TCP, c.TCP_NODELAY, 1);
      this.onAccept(fd);
    }
  }

  close() {
    reactor.close(this, this.fd);
    reactor.unref();
    this.fd = -1;
  }
}

/** A connection of the load. */
export class Connection extends Pollable {
  context = null;

  constructor(fd, events) {
    super();
    this.fd = fd;
    must('register', reactor.register(this, fd, events));
    reactor.ref();
  }

  close() {
    if (this.fd < 0) return;
    reactor.close(this, this.fd);
    reactor.unref();
    this.fd = -1;
  }

  /** The peer's FIN. */
  shutdown() {
    must('shutdown', kernel.shutdown(this.fd, c.SHUT_WR));
  }
}
