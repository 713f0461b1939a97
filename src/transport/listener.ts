/**
 * A listening descriptor. It accepts each connection in a callback of its own, so that the ticks
 * of one connection's handler run before the next connection is there.
 */
import type { AsyncContext } from '../reactor/pollable.js';
import { errno } from '../util/system_error.js';
import { connectionsWaiting, UNKNOWN } from './accept_queue.js';
import { Descriptor } from './descriptor.js';
import { clearLinger, handsLingerDown } from './foreign.js';
import type { Host } from './host.js';

export interface ListenerOwner {
  /** Passes a connection: the owner owns `fd` from here on. */
  onAccept(fd: number): void;
  /** accept(2) failed in a way that waiting does not cure. */
  onAcceptError(status: number): void;
  /** The user's server. */
  readonly server?: object;
}

/**
 * The most connections accepted in one turn, so that a flood of them leaves time for other
 * sockets.
 */
const ACCEPTS_PER_TURN = 64;

/** The delay before the next attempt when there are no descriptors or no memory. */
const RETRY_MS = 50;

export class Listener extends Descriptor {
  context: AsyncContext | null = null;
  private accepting = false;
  private readable = false;
  /** The number of connections known to wait; 0 if not counted since the last event. */
  private waiting = 0;
  private turn = -1;
  private budget = 0;
  private retry: ReturnType<Host['clock']['setTimer']> | null = null;
  /** Connections inherit a linger time from the listener, which another program has set. */
  private lingers = false;

  constructor(
    host: Host,
    fd: number,
    family: number,
    public owner: ListenerOwner,
  ) {
    super(host, fd, family);
  }

  protected override get nodeName(): string {
    return this.family === this.host.kernel.constants.AF_UNIX ? 'PipeWrap' : 'TCPServerWrap';
  }

  override holder(): object | null {
    return this.owner.server ?? null;
  }

  /** Calls listen(2), and accepts from then on. Returns 0 or -errno. */
  listen(backlog: number): number {
    const { kernel, reactor } = this.host;
    const status = kernel.listen(this.fd, backlog);
    if (status < 0) return status;
    this.lingers = !this.exclusive && this.isTcp && handsLingerDown(this.host, this.fd);
    this.accepting = true;
    const registered = reactor.register(this, this.fd, kernel.constants.EPOLLIN);
    if (registered < 0) return registered;
    this.setActive(true);
    return 0;
  }

  /** Leaves new connections in the backlog until `resume`. */
  pause(): void {
    this.accepting = false;
  }

  resume(): void {
    if (this.accepting) return;
    this.accepting = true;
    if (this.readable) this.host.reactor.runNextTurn(this);
  }

  override onReady(): void {
    this.readable = true;
    // More connections wait than were counted, and no other event will report them.
    this.waiting = 0;
    if (this.accepting && this.retry === null) this.acceptOne();
  }

  override onTurn(): void {
    if (this.fd >= 0 && this.accepting && this.readable && this.retry === null) this.acceptOne();
  }

  private acceptOne(): void {
    const { kernel } = this.host;
    if (this.waiting === 0)
      this.waiting = this.isTcp ? connectionsWaiting(kernel, this.fd) : UNKNOWN;
    const shared = !this.exclusive;
    const accepted = this.waiting === 0 ? -errno.EAGAIN : kernel.accept(this.fd, shared);
    if (accepted < 0) {
      this.waiting = 0;
      this.notAccepted(accepted);
      return;
    }
    // A connection that comes from here on will cause an event of its own.
    if (--this.waiting > 0) this.goOn();
    else this.readable = false;
    if (this.lingers) clearLinger(this.host, accepted);
    this.owner.onAccept(accepted);
  }

  private notAccepted(accepted: number): void {
    const { reactor } = this.host;
    switch (-accepted) {
      case errno.EAGAIN:
        this.readable = false;
        return;
      case errno.EMFILE:
      case errno.ENFILE:
      case errno.ENOBUFS:
      case errno.ENOMEM:
        this.waitForRoom();
        return;
      case errno.EBADF:
      case errno.EINVAL:
      // A sandbox does not allow the call.
      case errno.EPERM:
      case errno.ENOSYS:
      case errno.EACCES:
      case errno.ENOTSOCK:
      case errno.EOPNOTSUPP:
        this.readable = false;
        this.owner.onAcceptError(accepted);
        return;
      default:
        // This connection is gone (ECONNABORTED, or an error of the network that accept(2) passes
        // on). The next one may be well.
        reactor.runNextTurn(this);
    }
  }

  /** More connections may wait. Looks again in this turn, or in the next if this turn had many. */
  private goOn(): void {
    const { reactor } = this.host;
    if (this.turn !== reactor.turn) {
      this.turn = reactor.turn;
      this.budget = ACCEPTS_PER_TURN;
    }
    if (--this.budget > 0) reactor.runAgainThisTurn(this);
    else reactor.runNextTurn(this);
  }

  /** Looks again later: the connections stay in the backlog, and no event will report them. */
  private waitForRoom(): void {
    const { clock, reactor } = this.host;
    this.retry = clock.setTimer(() => {
      this.retry = null;
      if (this.fd >= 0) reactor.runNextTurn(this);
    }, RETRY_MS);
    this.retry.unref();
  }

  override close(): number {
    this.host.clock.clearTimer(this.retry);
    this.retry = null;
    return super.close();
  }
}
