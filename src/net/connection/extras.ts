/**
 * What most connections never have, in one object that only those get which have any of it. As a
 * field each it cost every idle connection 100 bytes.
 */
import type { Dial } from '../../dial/dial.js';
import type { AddressInfo } from '../addresses/address_info.js';
import type { BoundEnd } from '../addresses/bound_socket.js';
import type { SocketSettings } from './kernel_options.js';
import type { PendingFailure } from './pending_failure.js';
import type { PipeEnd } from './pipe_end.js';

/** Who goes on with a socket that connects, where that is the built-in's by now. */
export interface NativeDial {
  /** Connecting has ended: 0, or -errno. */
  ended(status: number): void;
}

export class Extras {
  /** The connection is being made by this. */
  dial: Dial | null = null;
  /** The UNIX path that is, or was, connected to. */
  path: string | null = null;
  /** Chunks written before there was a connection. */
  waiting: Uint8Array[] | null = null;
  /** The `BoundSocket` that was taken over. */
  bound: BoundEnd | null = null;
  /** What the socket was set to before it had a descriptor, or since. */
  settings: SocketSettings | null = null;
  /** The far end, once it was asked for. */
  peer: AddressInfo | null = null;
  /** This end, once it was asked for. */
  local: AddressInfo | null = null;
  /** Where bytes go past this socket: its `pipe` to another one. */
  forward: PipeEnd | null = null;
  /** The pipes that wait until this socket has written what it has. */
  feeders: Set<PipeEnd> | null = null;
  /** A failure that the reader has to hear of, behind what came before it. */
  failure: PendingFailure | null = null;
  /** Who is told of the end of connecting, where the socket is the built-in's by now. */
  nativeDial: NativeDial | null = null;
  /** Of `completedBytes`, what Writable counts as well, until it is called back. */
  alsoInWritable = 0;
  /**
   * How many chunks at the head of Writable's buffer were sent along with a write before them.
   * Writable hands them over later, in their order, and each is counted down then.
   */
  sentAhead = 0;
  /** How many ticks from now on still run callbacks of writes that are done. */
  ticksPending = 0;
  /** What `takeProgress` saw last. */
  sentBefore = 0;
}

/** The extras of all connections that have none. It is never written to. */
export const NOTHING: Readonly<Extras> = new Extras();
