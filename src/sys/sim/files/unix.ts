/** UNIX stream sockets: when write(2) returns, the bytes are in the other end's queue. */
import { errno } from '../../../util/system_error.js';
import type { KernelAddress } from '../../kernel.js';
import { constants, SOMAXCONN } from '../constants.js';
import { lengthOf } from './bytes.js';
import type { SimFile } from './file.js';
import type { Names } from './names.js';
import { BOTH_SHUTDOWN, RCV_SHUTDOWN, SEND_SHUTDOWN, SimSocket } from './socket.js';
import type { BufferSizes } from './socket_options.js';

const { EPOLLIN, EPOLLOUT, EPOLLERR, EPOLLHUP, EPOLLRDHUP, FIONREAD } = constants;

/** The bytes that the kernel charges the sender for each message on top of those sent. */
const MESSAGE_BYTES = 768;
/** The most bytes in one message. */
const MESSAGE_BYTES_MAX = 32 * 1024;
const SEND_BYTES = 212_992;
const PATH_BYTES_MAX = 108;

/** What a UNIX socket needs of the machine it is on. */
export interface UnixMachine {
  readonly names: Names<UnixSocket>;
  readonly buffers: BufferSizes;
  readonly pid: number;
}

interface Message {
  bytes: Uint8Array;
  rights: readonly SimFile[];
  /** The bytes that the sender is charged until the message is read. */
  readonly charge: number;
}

/** 0, or the -errno of why `path` can not be the name of a socket. */
export function badPath(path: string): number {
  const length = Buffer.byteLength(path);
  const abstract = path.startsWith('\0');
  if (length === 0 || (!abstract && path.includes('\0'))) return -errno.EINVAL;
  return length > PATH_BYTES_MAX ? -errno.ENAMETOOLONG : 0;
}

export class UnixSocket extends SimSocket {
  peer: UnixSocket | null = null;
  /** The path or abstract name; '' if there is none. */
  name = '';
  private state: 'closed' | 'listening' | 'open' = 'closed';
  private backlog = 0;
  private readonly acceptQueue: UnixSocket[] = [];
  private readonly received: Message[] = [];
  private charged = 0;
  private ended = false;

  constructor(readonly machine: UnixMachine) {
    super(constants.AF_UNIX);
    this.options.resize({ sendBytes: SEND_BYTES });
    this.options.resize(machine.buffers);
  }

  override get listening(): boolean {
    return this.state === 'listening';
  }

  private get writable(): boolean {
    return this.state !== 'listening' && this.charged * 4 <= this.options.sendBytes;
  }

  override poll(): number {
    let bits = 0;
    if (this.error !== 0) bits |= EPOLLERR;
    if (this.shutdownBits === BOTH_SHUTDOWN) bits |= EPOLLHUP;
    if (this.shutdownBits & RCV_SHUTDOWN) bits |= EPOLLRDHUP | EPOLLIN;
    if (this.received.length > 0 || this.acceptQueue.length > 0) bits |= EPOLLIN;
    if (this.state === 'closed') bits |= EPOLLHUP;
    return this.writable ? bits | EPOLLOUT : bits;
  }

  /** Joins two sockets that have no names; socketpair(2). */
  join(other: UnixSocket): void {
    this.peer = other;
    other.peer = this;
    this.state = other.state = 'open';
  }

  override bind(address: string): number {
    const bad = badPath(address);
    if (bad < 0) return bad;
    if (this.name !== '') return -errno.EINVAL;
    const bound = this.machine.names.bind(address, this);
    if (bound === 0) this.name = address;
    return bound;
  }

  override connect(address: string): number {
    const bad = badPath(address);
    if (bad < 0) return bad;
    const listener = this.machine.names.find(address);
    if (typeof listener === 'number') return listener;
    if (listener.state !== 'listening') return -errno.ECONNREFUSED;
    if (listener.acceptQueue.length > listener.backlog) return -errno.EAGAIN;
    if (this.state === 'open') return -errno.EISCONN;
    if (this.state === 'listening') return -errno.EINVAL;
    const child = new UnixSocket(this.machine);
    child.name = listener.name;
    child.hold();
    this.join(child);
    listener.acceptQueue.push(child);
    listener.wakeReaders();
    return 0;
  }

  override listen(backlog: number): number {
    if (this.name === '') return -errno.EINVAL;
    if (this.state === 'open') return -errno.EINVAL;
    this.state = 'listening';
    this.backlog = backlog < 0 || backlog > SOMAXCONN ? SOMAXCONN : backlog;
    return 0;
  }

  override accept(): UnixSocket | number {
    if (this.state !== 'listening') return -errno.EINVAL;
    const child = this.acceptQueue.shift();
    return child ?? -errno.EAGAIN;
  }

  /** Gives up the queue's reference to an accepted socket; its descriptor holds one by then. */
  unqueue(): void {
    this.release();
  }

  override read(into: Uint8Array, offset: number, length: number, peek: boolean): number {
    return this.receive(into, offset, length, peek, null);
  }

  override readRights(into: Uint8Array, offset: number, length: number, taken: SimFile[]): number {
    return this.receive(into, offset, length, false, taken);
  }

  private receive(
    into: Uint8Array,
    offset: number,
    length: number,
    peek: boolean,
    taken: SimFile[] | null,
  ): number {
    if (this.state !== 'open') return -errno.EINVAL;
    if (this.received.length === 0) {
      if (this.error !== 0) return -this.takeError();
      return this.shutdownBits & RCV_SHUTDOWN ? 0 : -errno.EAGAIN;
    }
    let done = 0;
    for (const message of peek ? [...this.received] : this.received.slice()) {
      if (done === length) break;
      // A read that takes descriptions ends behind them: the next bytes belong to the next read.
      const carries = message.rights.length > 0 && (peek || taken !== null);
      const count = Math.min(length - done, message.bytes.length);
      into.set(message.bytes.subarray(0, count), offset + done);
      done += count;
      if (!peek) this.consume(message, count, taken);
      if (carries) break;
    }
    return done;
  }

  private consume(message: Message, count: number, taken: SimFile[] | null): void {
    for (const file of message.rights) {
      if (taken === null) file.release();
      else taken.push(file);
    }
    message.rights = [];
    message.bytes = message.bytes.subarray(count);
    if (message.bytes.length > 0) return;
    this.received.shift();
    this.peer?.discharge(message.charge);
  }

  /** The peer has read a message: its charge is given back. */
  private discharge(charge: number): void {
    this.charged -= charge;
    if (!this.ended && this.writable) this.wakeWriters();
  }

  override write(parts: readonly Uint8Array[]): number {
    return this.send(parts, []);
  }

  override sendRights(parts: readonly Uint8Array[], rights: readonly SimFile[]): number {
    return this.send(parts, rights);
  }

  private send(parts: readonly Uint8Array[], rights: readonly SimFile[]): number {
    const { peer } = this;
    if (peer === null) return -errno.ENOTCONN;
    if (this.shutdownBits & SEND_SHUTDOWN) return -errno.EPIPE;
    const all = Buffer.concat([...parts], lengthOf(parts));
    let done = 0;
    let attached = rights;
    while (done < all.length) {
      if (this.error !== 0 && done === 0) return -this.takeError();
      if (peer.ended || peer.shutdownBits & RCV_SHUTDOWN) return done || -errno.EPIPE;
      if (this.charged >= this.options.sendBytes) return done || -errno.EAGAIN;
      const room = Math.max(64, this.options.sendBytes - this.charged);
      const count = Math.min(all.length - done, MESSAGE_BYTES_MAX, room);
      const bytes = new Uint8Array(all.subarray(done, done + count));
      const charge = count + MESSAGE_BYTES;
      for (const file of attached) file.hold();
      peer.received.push({ bytes, rights: attached, charge });
      attached = [];
      this.charged += charge;
      done += count;
      peer.wakeReaders();
    }
    return done;
  }

  override shutdown(how: number): number {
    if (how < 0 || how > 2) return -errno.EINVAL;
    const bits = how + 1;
    this.shutdownBits |= bits;
    this.wake(0);
    const { peer } = this;
    if (peer === null) return 0;
    const mirrored = (bits & RCV_SHUTDOWN ? SEND_SHUTDOWN : 0) | (bits & 2 ? RCV_SHUTDOWN : 0);
    peer.shutdownBits |= mirrored;
    peer.wake(0);
    return 0;
  }

  override breakOff(): boolean {
    return false;
  }

  protected override end(): void {
    this.endAs(false);
  }

  /** `unaccepted`: the program has never accepted this connection. */
  private endAs(unaccepted: boolean): void {
    this.ended = true;
    this.machine.names.unbind(this);
    for (const child of this.acceptQueue.splice(0)) {
      child.endAs(true);
    }
    this.state = 'closed';
    const { peer } = this;
    if (peer !== null && !peer.ended) {
      peer.shutdownBits = BOTH_SHUTDOWN;
      if (this.received.length > 0 || unaccepted) peer.error = errno.ECONNRESET;
      peer.wake(0);
    }
    for (const message of this.received.splice(0)) {
      for (const file of message.rights) file.release();
      peer?.discharge(message.charge);
    }
  }

  override pending(request: number): number {
    if (this.state === 'listening') return -errno.EINVAL;
    if (request !== FIONREAD) return this.charged;
    return lengthOf(this.received.map(({ bytes }) => bytes));
  }

  protected override peerCredentials(): Uint8Array {
    const { pid } = this.machine;
    if (this.peer === null) return super.peerCredentials();
    return new Uint8Array(new Int32Array([pid, 0, 0]).buffer);
  }

  override localName(): KernelAddress {
    return { family: constants.AF_UNIX, address: this.name, port: 0 };
  }

  override peerName(): KernelAddress | number {
    const { peer } = this;
    if (peer === null) return -errno.ENOTCONN;
    return { family: constants.AF_UNIX, address: peer.name, port: 0 };
  }
}
