/**
 * What most connections never have: in one object, made for those that do. As a field each it cost
 * every idle connection 100 bytes.
 */
import type { Dial } from '../../dial/dial.js';
import type { AddressInfo } from '../addresses/address_info.js';
import type { BoundEnd } from '../addresses/bound_socket.js';
import type { PendingFailure } from './pending_failure.js';
import type { PipeEnd } from './pipe_end.js';
import type { UserRead } from './read_sink.js';
import type { SocketSettings } from './settings.js';

/** Who goes on with a socket that connects, where that is the built-in's by now. */
export interface NativeDial {
  /** Connecting has ended: 0, or -errno. */
  ended(status: number): void;
}

class Rare {
  dial: Dial | null = null;
  settings: SocketSettings | null = null;
  path: string | null = null;
  bound: BoundEnd | null = null;
  waiting: Uint8Array[] | null = null;
  userRead: UserRead | null = null;
  peer: AddressInfo | null = null;
  local: AddressInfo | null = null;
  forward: PipeEnd | null = null;
  feeders: Set<PipeEnd> | null = null;
  failure: PendingFailure | null = null;
  nativeDial: NativeDial | null = null;
  countedTwice = 0;
  sentBefore = 0;
  prepaidChunks = 0;
  ticksPending = 0;
}

/** What those have that have nothing of it. */
const NOTHING: Readonly<Rare> = new Rare();

export abstract class SocketRare {
  private rare: Readonly<Rare> = NOTHING;

  private get owned(): Rare {
    if (this.rare === NOTHING) this.rare = new Rare();
    return this.rare;
  }

  /** The connection is being made. */
  get dial(): Dial | null {
    return this.rare.dial;
  }

  set dial(value: Dial | null) {
    if (value !== this.rare.dial) this.owned.dial = value;
  }

  /** What the socket was set to before it had a descriptor, or since. */
  get settings(): SocketSettings | null {
    return this.rare.settings;
  }

  set settings(value: SocketSettings | null) {
    if (value !== this.rare.settings) this.owned.settings = value;
  }

  /** The UNIX path that is being connected to. */
  get path(): string | null {
    return this.rare.path;
  }

  set path(value: string | null) {
    if (value !== this.rare.path) this.owned.path = value;
  }

  /** The `BoundSocket` that was taken over. */
  get bound(): BoundEnd | null {
    return this.rare.bound;
  }

  set bound(value: BoundEnd | null) {
    if (value !== this.rare.bound) this.owned.bound = value;
  }

  /** Chunks written before there was a connection. */
  protected get waiting(): Uint8Array[] | null {
    return this.rare.waiting;
  }

  protected set waiting(value: Uint8Array[] | null) {
    if (value !== this.rare.waiting) this.owned.waiting = value;
  }

  /** The option `onread`. */
  get userRead(): UserRead | null {
    return this.rare.userRead;
  }

  set userRead(value: UserRead | null) {
    if (value !== this.rare.userRead) this.owned.userRead = value;
  }

  /** The far end, once it was asked for. */
  get peer(): AddressInfo | null {
    return this.rare.peer;
  }

  set peer(value: AddressInfo | null) {
    if (value !== this.rare.peer) this.owned.peer = value;
  }

  /** This end, once it was asked for. */
  get local(): AddressInfo | null {
    return this.rare.local;
  }

  set local(value: AddressInfo | null) {
    if (value !== this.rare.local) this.owned.local = value;
  }

  /** Where bytes go past this socket: its `pipe` to another one. */
  get forward(): PipeEnd | null {
    return this.rare.forward;
  }

  set forward(value: PipeEnd | null) {
    if (value !== this.rare.forward) this.owned.forward = value;
  }

  /** Who waits until this socket has written what it has. */
  get feeders(): Set<PipeEnd> | null {
    return this.rare.feeders;
  }

  set feeders(value: Set<PipeEnd> | null) {
    if (value !== this.rare.feeders) this.owned.feeders = value;
  }

  /** A failure that the reader has to hear of, behind what came before it. */
  get failure(): PendingFailure | null {
    return this.rare.failure;
  }

  set failure(value: PendingFailure | null) {
    if (value !== this.rare.failure) this.owned.failure = value;
  }

  /** Who is told of the end of connecting, where the socket is the built-in's by now. */
  get nativeDial(): NativeDial | null {
    return this.rare.nativeDial;
  }

  set nativeDial(value: NativeDial | null) {
    if (value !== this.rare.nativeDial) this.owned.nativeDial = value;
  }

  /** Of `completedBytes`, what Writable still counts as well. */
  get countedTwice(): number {
    return this.rare.countedTwice;
  }

  set countedTwice(value: number) {
    if (value !== this.rare.countedTwice) this.owned.countedTwice = value;
  }

  /** What `progresses` saw. */
  protected get sentBefore(): number {
    return this.rare.sentBefore;
  }

  protected set sentBefore(value: number) {
    if (value !== this.rare.sentBefore) this.owned.sentBefore = value;
  }

  /** Chunks sent along that Writable has yet to hand over. */
  protected get prepaidChunks(): number {
    return this.rare.prepaidChunks;
  }

  protected set prepaidChunks(value: number) {
    if (value !== this.rare.prepaidChunks) this.owned.prepaidChunks = value;
  }

  /** How many ticks from now on still run callbacks of writes that are done. */
  protected get ticksPending(): number {
    return this.rare.ticksPending;
  }

  protected set ticksPending(value: number) {
    if (value !== this.rare.ticksPending) this.owned.ticksPending = value;
  }
}
