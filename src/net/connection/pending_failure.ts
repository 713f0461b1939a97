/**
 * A read or a write failed, and the reader has not had all yet that the peer sent before that: the
 * answer of a server that refuses an upload, for one. The socket reads on, and is told of the
 * failure when the reader has taken everything and the ticks and promise jobs behind it have run.
 *
 * Where the reader takes nothing for `PATIENCE_MS` the socket is told all the same, so that whoever
 * writes hears of it.
 */
import type { Host } from '../../transport/host.js';
import type { Stream } from '../../transport/stream.js';
import { errno } from '../../util/system_error.js';
import type { DuplexSurface as Socket } from './duplex.js';

const PATIENCE_MS = 1000;
const LOOK_EVERY_MS = 10;

/** What a failure reads of the socket's connection, and calls. */
export interface FailureOwner {
  readonly socket: Socket;
  readonly host: Host;
  readonly stream: Stream | null;
  readonly referenced: boolean;
  /** `failure` is the one that waits at present. */
  readonly extras: { readonly failure: PendingFailure | null };
  /** Ends the socket with the failure. */
  fail(status: number, call: 'read' | 'write'): void;
}

/** Whether anybody reads the socket, or did and has paused. */
export function hasReader(socket: Socket): boolean {
  return socket._readableState.flowing !== null || socket.listenerCount('readable') > 0;
}

export class PendingFailure {
  /** The kernel has nothing more for the reader. */
  private isReadOut: boolean;
  private patienceMs = PATIENCE_MS;
  private unreadBefore = -1;
  /**
   * The number of the last look that was scheduled. An earlier one does nothing: two at once would
   * count the reader's time down twice as fast.
   */
  private looks = 0;

  constructor(
    private readonly owner: FailureOwner,
    private readonly status: number,
    private readonly call: 'read' | 'write',
  ) {
    this.isReadOut = call === 'read';
  }

  /** Begins to wait. */
  start(): void {
    if (!this.isReadOut) this.owner.stream?.stopWriting();
    this.lookLater();
  }

  /**
   * Reads give no more: without an end (-EAGAIN), by the end (0) or an error. Returns whether the
   * reader is to hear of an end. None came where the write took the peer's reset from the socket.
   */
  readOut(status: number): boolean {
    this.isReadOut = true;
    this.lookLater();
    return status === 0 && this.status !== -errno.ECONNRESET;
  }

  private look(): void {
    const { owner, status, call } = this;
    const { socket } = owner;
    if (owner.extras.failure !== this || socket.destroyed) return;
    if (this.isOver()) owner.fail(status, call);
    else this.waitOn();
  }

  private nextLook(): () => void {
    const number = ++this.looks;
    return () => {
      if (number === this.looks) this.look();
    };
  }

  private isOver(): boolean {
    const { socket, stream } = this.owner;
    if (!hasReader(socket) || this.patienceMs <= 0) return true;
    // A reader that has paused reads nothing: the kernel is asked whether there is anything.
    const isReadOut = this.isReadOut || stream?.hasBytes !== true;
    return isReadOut && socket.readableLength === 0;
  }

  /** Ticks and promise jobs of what has happened until now come first. */
  private lookLater(): void {
    this.owner.host.clock.later(this.nextLook());
  }

  private waitOn(): void {
    const { owner } = this;
    const { clock } = owner.host;
    // Bytes are taken: by the reader, or from the kernel.
    const unread = owner.socket.readableLength - owner.socket.bytesRead;
    if (unread === this.unreadBefore) this.patienceMs -= LOOK_EVERY_MS;
    else this.patienceMs = PATIENCE_MS;
    this.unreadBefore = unread;
    const timer = clock.setTimer(this.nextLook(), LOOK_EVERY_MS);
    if (!owner.referenced) timer.unref();
  }
}
