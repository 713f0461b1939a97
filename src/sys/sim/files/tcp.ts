/**
 * TCP sockets as Linux shows them to a program: states, buffers, FIN, RST, readiness. Where the
 * order of checks decides what a call returns, the order is that of Linux's net/ipv4/tcp.c.
 *
 * This file and tcp_names.ts import each other, for they are one thing: a socket's states are set
 * by its handshake, and the handshake is about two sockets.
 */
import { errno } from '../../../util/system_error.js';
import type { KernelAddress } from '../../kernel.js';
import type { Prng } from '../chance/prng.js';
import { constants, SOMAXCONN } from '../constants.js';
import { type Endpoint, endpointOf, textFor } from '../network/endpoint.js';
import { type Flow, HEADER_BYTES, type Machine, type Network } from '../network/network.js';
import { ByteQueue, lengthOf } from './bytes.js';
import type { Ports } from './ports.js';
import { BOTH_SHUTDOWN, RCV_SHUTDOWN, SEND_SHUTDOWN, SimSocket } from './socket.js';
import { bindTcpSocket, startConnecting } from './tcp_names.js';

const { EPOLLIN, EPOLLOUT, EPOLLERR, EPOLLHUP, EPOLLRDHUP, FIONREAD } = constants;

type State = 'closed' | 'listening' | 'syn-sent' | 'open';

/** Of `struct tcp_info`: a listener's state, and where its accept queue's length and limit are. */
const TCP_LISTEN = 10;
const WAITING_WORD = 6;

/** What a TCP socket needs of the machine it is on. */
export interface TcpMachine extends Machine {
  readonly network: Network;
  readonly random: Prng;
  readonly ports: Ports;
  /** The machine that `ip` leads to. */
  find(ip: string): TcpMachine | undefined;
  /** The listener on this machine that gets a connection to `to`. */
  listenerFor(to: Endpoint): TcpSocket | undefined;
  /** Makes a socket with the buffer sizes of this machine. */
  makeTcp(family: number): TcpSocket;
}

export class TcpSocket extends SimSocket {
  state: State = 'closed';
  /** What the program has learned of the connection; decides what connect(2) returns. */
  phase: 'unconnected' | 'connecting' | 'connected' = 'unconnected';
  local: Endpoint | null = null;
  remote: Endpoint | null = null;
  peer: TcpSocket | null = null;
  /** Carries the segments to the peer. */
  flow: Flow | null = null;
  /** Whether the program has closed the socket, so that only the kernel still sends for it. */
  orphan = false;
  private backlog = 0;
  private readonly acceptQueue: TcpSocket[] = [];
  /** How many connections wait for the client's confirmation. */
  halfOpen = 0;
  private readonly received = new ByteQueue();
  private readonly unsent = new ByteQueue();
  /** Bytes that the program has written and the peer has not acknowledged, the unsent included. */
  private unacknowledged = 0;
  private inFlight = 0;
  private noSpace = false;
  private finQueued = false;
  private finSent = false;
  private finAcknowledged = false;
  private finReceived = false;
  /** Whether the peer has stopped sending because no room was left here. */
  private windowClosed = false;
  private readonly segmentBytes: number;

  constructor(
    readonly machine: TcpMachine,
    family: number,
  ) {
    super(family);
    this.segmentBytes = machine.random.pick([536, 1460, 1460, 16_384, 65_536]);
  }

  override get listening(): boolean {
    return this.state === 'listening';
  }

  override poll(): number {
    if (this.state === 'listening') return this.acceptQueue.length > 0 ? EPOLLIN : 0;
    let bits = 0;
    if (this.shutdownBits === BOTH_SHUTDOWN || this.state === 'closed') bits |= EPOLLHUP;
    if (this.shutdownBits & RCV_SHUTDOWN) bits |= EPOLLIN | EPOLLRDHUP;
    if (this.state !== 'syn-sent') {
      if (this.received.length > 0) bits |= EPOLLIN;
      if (this.shutdownBits & SEND_SHUTDOWN || this.writable) bits |= EPOLLOUT;
      else this.noSpace = true;
    }
    return this.error === 0 ? bits : bits | EPOLLERR;
  }

  /** Whether a third of the buffer is free, as Linux's sk_stream_is_writeable asks. */
  private get writable(): boolean {
    const free = this.options.sendBytes - this.unacknowledged;
    return free >= this.unacknowledged / 2;
  }

  override bind(address: string, port: number): number {
    return bindTcpSocket(this, address, port);
  }

  override connect(address: string, port: number): number {
    if (this.phase === 'connected' || this.listening) return -errno.EISCONN;
    if (this.phase === 'connecting') {
      if (this.state === 'syn-sent') return -errno.EALREADY;
      if (this.state === 'open') {
        this.phase = 'connected';
        return 0;
      }
      this.forgetConnection();
      return -(this.takeError() || errno.ECONNABORTED);
    }
    const to = endpointOf(this.family, address, port);
    if (typeof to === 'number') return to;
    return startConnecting(this, to);
  }

  private forgetConnection(): void {
    this.phase = 'unconnected';
    this.peer = this.remote = null;
    this.shutdownBits = 0;
    this.finQueued = this.finSent = this.finAcknowledged = this.finReceived = false;
  }

  override listen(backlog: number): number {
    if (this.state !== 'listening') {
      if (this.state !== 'closed' || this.phase !== 'unconnected') return -errno.EINVAL;
      if (this.local === null) {
        const bound = this.bind(this.family === constants.AF_INET6 ? '::' : '0.0.0.0', 0);
        if (bound < 0) return bound;
      }
      if (this.machine.ports.taken(this)) return -errno.EADDRINUSE;
      this.state = 'listening';
      this.shutdownBits = 0;
    }
    this.backlog = backlog < 0 || backlog > SOMAXCONN ? SOMAXCONN : backlog;
    return 0;
  }

  /** Whether the accept queue has room for a connection that comes in now. */
  get hasRoom(): boolean {
    return this.acceptQueue.length + this.halfOpen <= this.backlog;
  }

  /** The client has confirmed: the connection can be accepted. */
  enqueue(child: TcpSocket): void {
    this.halfOpen--;
    if (this.state !== 'listening') {
      child.sendReset();
      return;
    }
    this.acceptQueue.push(child);
    this.wakeReaders();
  }

  override accept(): TcpSocket | number {
    if (this.state !== 'listening') return -errno.EINVAL;
    return this.acceptQueue.shift() ?? -errno.EAGAIN;
  }

  override getOption(level: number, name: number): number | Uint8Array | { bad: number } {
    const value = super.getOption(level, name);
    const { IPPROTO_TCP, TCP_INFO } = constants;
    if (
      level === IPPROTO_TCP &&
      name === TCP_INFO &&
      this.listening &&
      value instanceof Uint8Array
    ) {
      value[0] = TCP_LISTEN;
      new Uint32Array(value.buffer).set([this.acceptQueue.length, this.backlog], WAITING_WORD);
    }
    return value;
  }

  override read(into: Uint8Array, offset: number, length: number, peek: boolean): number {
    if (this.state === 'listening') return -errno.ENOTCONN;
    if (this.received.length > 0) {
      if (peek) return this.received.peek(into, offset, length);
      const count = this.received.read(into, offset, length);
      this.widenWindow();
      return count;
    }
    if (this.finReceived) return 0;
    if (this.error !== 0) return -this.takeError();
    if (this.shutdownBits & RCV_SHUTDOWN) return 0;
    return this.state === 'closed' ? -errno.ENOTCONN : -errno.EAGAIN;
  }

  /** Tells a peer that stopped sending to go on, once half the buffer is free. */
  private widenWindow(): void {
    const { flow, peer } = this;
    if (!this.windowClosed || flow === null || peer === null || this.state !== 'open') return;
    if (this.received.length > this.options.receiveBytes / 2) return;
    this.windowClosed = false;
    flow.send(HEADER_BYTES, () => peer.pump());
  }

  override write(parts: readonly Uint8Array[]): number {
    const wanted = lengthOf(parts);
    if (this.state === 'syn-sent') return -errno.EAGAIN;
    if (this.state !== 'open' || this.error !== 0 || this.shutdownBits & SEND_SHUTDOWN) {
      return -(this.takeError() || errno.EPIPE);
    }
    const room = this.options.sendBytes - this.unacknowledged;
    if (room <= 0 && wanted > 0) {
      this.noSpace = true;
      return -errno.EAGAIN;
    }
    const taken = Math.min(room, wanted);
    if (taken < wanted) this.noSpace = true;
    this.unsent.push(parts, taken);
    this.unacknowledged += taken;
    this.pump();
    return taken;
  }

  /** Sends as much as the peer has room for, and FIN behind the last byte. */
  private pump(): void {
    const { flow, peer } = this;
    if (flow === null || peer === null || this.state !== 'open') return;
    const { random } = this.machine;
    while (this.unsent.length > 0) {
      const window = peer.options.receiveBytes - peer.received.length - this.inFlight;
      if (window <= 0) {
        peer.windowClosed = true;
        return;
      }
      const most = random.chance(0.1) ? random.between(1, 64) : this.segmentBytes;
      const segment = this.unsent.take(Math.min(window, most));
      this.inFlight += segment.length;
      flow.send(segment.length + HEADER_BYTES, () => peer.dataArrives(segment));
    }
    if (!this.finQueued || this.finSent) return;
    this.finSent = true;
    flow.send(HEADER_BYTES, () => peer.finArrives());
  }

  private dataArrives(segment: Uint8Array): void {
    const { flow, peer } = this;
    if (flow === null || peer === null) return;
    peer.inFlight -= segment.length;
    const refuses = this.finSent && (this.shutdownBits & RCV_SHUTDOWN) !== 0;
    if (this.state !== 'open' || this.orphan || refuses) {
      this.sendReset();
      return;
    }
    this.received.push([segment], segment.length);
    flow.send(HEADER_BYTES, () => peer.acknowledged(segment.length));
    this.wakeReaders();
  }

  private acknowledged(count: number): void {
    if (this.state !== 'open') return;
    this.unacknowledged -= count;
    if (this.noSpace && this.writable) {
      this.noSpace = false;
      this.wakeWriters();
    }
    this.pump();
  }

  private finArrives(): void {
    const { flow, peer } = this;
    if (this.state !== 'open' || flow === null || peer === null) return;
    this.finReceived = true;
    this.shutdownBits |= RCV_SHUTDOWN;
    flow.send(HEADER_BYTES, () => peer.finWasAcknowledged());
    if (this.finAcknowledged) this.becomeClosed();
    else this.wake(0);
  }

  private finWasAcknowledged(): void {
    this.finAcknowledged = true;
    if (this.state === 'open' && this.finReceived) this.becomeClosed();
  }

  private becomeClosed(): void {
    this.state = 'closed';
    this.shutdownBits = BOTH_SHUTDOWN;
    this.unsent.clear();
    this.unacknowledged = 0;
    this.wake(0);
  }

  /** Ends the connection with an error: RST came in, or no answer to the SYN did. */
  resetArrives(error = this.state === 'syn-sent' ? errno.ECONNREFUSED : errno.ECONNRESET): void {
    if (this.state === 'closed' || this.state === 'listening') return;
    this.error = this.finReceived ? errno.EPIPE : error;
    this.becomeClosed();
  }

  /** Ends the connection with RST. Queued bytes are lost. */
  sendReset(): void {
    const { flow, peer } = this;
    if (this.state === 'open') this.becomeClosed();
    if (flow !== null && peer !== null) flow.send(HEADER_BYTES, () => peer.resetArrives());
  }

  override breakOff(): boolean {
    if (this.state !== 'open' || this.peer === null) return false;
    this.resetArrives();
    this.peer.resetArrives();
    return true;
  }

  override shutdown(how: number): number {
    if (how < 0 || how > 2) return -errno.EINVAL;
    const bits = how + 1;
    if (this.state === 'listening') {
      if (bits & RCV_SHUTDOWN) this.stopListening();
      this.wake(0);
      return 0;
    }
    if (this.state === 'syn-sent') {
      this.state = 'closed';
      this.forgetConnection();
      this.wake(0);
      return 0;
    }
    this.shutdownBits |= bits;
    if (this.state === 'open' && bits & SEND_SHUTDOWN) {
      this.finQueued = true;
      this.pump();
    }
    this.wake(0);
    return this.state === 'closed' ? -errno.ENOTCONN : 0;
  }

  private stopListening(): void {
    this.state = 'closed';
    for (const child of this.acceptQueue.splice(0)) child.sendReset();
  }

  protected override end(): void {
    this.machine.ports.release(this);
    this.orphan = true;
    if (this.state === 'listening') this.stopListening();
    else if (this.state === 'syn-sent') this.state = 'closed';
    else if (this.state === 'open') {
      const { on, seconds } = this.options.linger;
      if (this.received.length > 0 || (on && seconds === 0)) {
        this.sendReset();
        return;
      }
      this.finQueued = true;
      this.pump();
    }
  }

  override pending(request: number): number {
    if (this.state === 'listening') return -errno.EINVAL;
    return request === FIONREAD ? this.received.length : this.unacknowledged;
  }

  override localName(): KernelAddress {
    const any = this.family === constants.AF_INET6 ? '::' : '0.0.0.0';
    const { ip = any, port = 0 } = this.local ?? {};
    return { family: this.family, address: textFor(this.family, ip), port };
  }

  override peerName(): KernelAddress | number {
    const { remote } = this;
    if (remote === null || this.state !== 'open') return -errno.ENOTCONN;
    return { family: this.family, address: textFor(this.family, remote.ip), port: remote.port };
  }
}
