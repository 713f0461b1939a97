/**
 * `source.pipe(destination)` between two of our sockets. While nobody looks at the bytes they go
 * from one descriptor to the other, past both streams. Whether anybody looks is asked anew before
 * each read, and nothing is under way between two reads: what a late listener, an `unpipe` or a
 * `destroy` finds is what it would find without this.
 */
import { Relay } from '../../transport/relay.js';
import type { Stream } from '../../transport/stream.js';
import type { Forward } from '../../transport/stream_owner.js';
import { errno } from '../../util/system_error.js';
import type { Connection } from '../connection/connection.js';
import { markProgress } from '../connection/outgoing.js';
import { own, writesItself } from '../connection/overrides.js';
import { BUILTIN_READ_BYTES } from '../node/builtin_read.js';
import { emit } from '../node/emit.js';
import { markReadServed } from '../node/stream_state.js';
import { kConnection } from '../symbols.js';
import type { SocketSurface as Socket } from './surface.js';

/** What Node calls the listeners of `pipe` itself. */
const ON_DATA = 'ondata';
const ON_DRAIN = 'pipeOnDrainFunctionResult';

/** A socket's `pipe` to another one. */
export class SocketPipe implements Forward {
  private readonly relay: Relay;
  /** The source stands still until the destination has written what it has. */
  private waiting = false;
  /** Of what the destination has yet to write, what this brought beyond the built-in's measure. */
  private aheadBytes = 0;

  constructor(
    private readonly source: Socket,
    private readonly destination: Socket,
    /** The listener that `pipe` put on the source. */
    private readonly onData: unknown,
  ) {
    this.relay = new Relay(source[kConnection].host.relayPipe);
  }

  step(stream: Stream): boolean {
    const { source, destination } = this;
    const from = source[kConnection];
    const to = destination[kConnection];
    const target = to.stream;
    if (this.leave()) return false;
    if (target === null || target.owner !== to || from.stream !== stream) return false;
    if (this.isObserved() || !this.joins(stream, target)) return false;
    const { flowing, awaitDrainWriters } = source._readableState;
    if (to.writing) {
      // FIN or a failure may wait behind few bytes, and the destination's back pressure is no
      // reason to hear of it late: read as far as the source's own buffer goes.
      if (stream.shortReadMayGoOn) return false;
      if (flowing !== true && awaitDrainWriters !== destination) return false;
      this.wait(stream, to);
      return true;
    }
    if (flowing !== true || !target.writable || destination.writableLength > 0) return false;
    return this.move(stream, target);
  }

  /** Lets go of a destination that the source does not pipe to any more: whether it did. */
  leave(): boolean {
    const { source, destination } = this;
    if (source._readableState.pipes.includes(destination)) return false;
    this.end();
    source[kConnection].ownExtras().forward = null;
    return true;
  }

  /** The source's descriptor goes, or nothing comes this way any more. */
  end(): void {
    this.relay.end();
  }

  /** Something waits behind the bytes of a source that `wait` stopped. */
  wakeForEnd(): void {
    if (this.waiting) this.wake();
  }

  /** How much of what the source waits for has left so far. */
  get awaitedBytes(): number {
    return this.waiting ? (this.destination[kConnection].stream?.bytesWritten ?? 0) : 0;
  }

  /** The destination has written what it had, or is gone. */
  wake(): void {
    this.forgetAhead();
    if (!this.waiting) return;
    this.waiting = false;
    this.source[kConnection].stream?.startReading();
  }

  /** Counts what the destination is given at once; the reactor has a bound for all there is. */
  private noteAhead(lengthBytes: number): void {
    if (lengthBytes <= BUILTIN_READ_BYTES) return;
    const to = this.destination[kConnection];
    this.aheadBytes += lengthBytes;
    to.host.reactor.kept.add(lengthBytes);
    this.awaitWritten(to);
  }

  private forgetAhead(): void {
    this.destination[kConnection].host.reactor.kept.remove(this.aheadBytes);
    this.aheadBytes = 0;
  }

  /** `wake` runs when the destination has nothing to write any more, or is gone. */
  private awaitWritten(to: Connection): void {
    const own = to.ownExtras();
    own.feeders ??= new Set();
    own.feeders.add(this);
  }

  /** Whether anybody but `pipe` could tell that bytes went past the streams. */
  private isObserved(): boolean {
    const { source, destination } = this;
    return (
      source.listenerCount('data') !== 1 ||
      source.rawListeners('data')[0] !== this.onData ||
      source.listenerCount('readable') > 0 ||
      source.listenerCount('pause') > 0 ||
      source.listenerCount('resume') > 0 ||
      source.emit !== emit ||
      destination.emit !== emit ||
      destination.write !== own.write ||
      !writesItself(destination) ||
      destination
        .rawListeners('drain')
        .some((listener) => (listener as { name?: unknown }).name !== ON_DRAIN)
    );
  }

  /** Whether both streams are as they are in the middle of an undisturbed `pipe`. */
  private joins(stream: Stream, target: Stream): boolean {
    const { source, destination } = this;
    const state = source._readableState;
    return (
      state.pipes.length === 1 &&
      state.length === 0 &&
      state.decoder === null &&
      !state.ended &&
      !source.destroyed &&
      stream.readInto === null &&
      destination.writable &&
      !destination.connecting &&
      destination.writableCorked === 0 &&
      stream.host === target.host &&
      stream.family !== 0 &&
      target.family !== 0
    );
  }

  /**
   * The destination is busy: read nothing until it is not, rather than fill buffers on the way.
   * `_read` starts the source as well, as it does when its buffer was full.
   */
  private wait(stream: Stream, to: Connection): void {
    markReadServed(this.source._readableState);
    if (!this.waiting) {
      this.waiting = true;
      markProgress(this.source[kConnection]);
    }
    stream.stopReading();
    this.awaitWritten(to);
  }

  private move(stream: Stream, target: Stream): boolean {
    const { relay, source, destination } = this;
    const moved = relay.move(stream, target);
    if (moved === null) return false;
    const { readBytes, sentBytes, leftover, status } = moved;
    if (readBytes === 0) return true;
    source[kConnection].noteRelayedRead();
    if (sentBytes > 0) destination[kConnection].noteRelayedWrite(sentBytes);
    if (leftover === null) return true;
    if (status < 0 && status !== -errno.EAGAIN) {
      // Writable counts what it was given, sent or not.
      destination[kConnection].noteRelayedWrite(leftover.length);
      destination[kConnection].onWriteError(status);
    } else {
      this.noteAhead(leftover.length);
      source[kConnection].onRead(leftover);
      if (!destination[kConnection].writing) this.forgetAhead();
    }
    return true;
  }
}

/** `source.pipe(destination)` was called. Returns the destination. */
export function followPipe<To>(source: Socket, destination: To): To {
  const connection: unknown = (destination as Partial<Socket> | null)?.[kConnection];
  if (connection === undefined) return destination;
  const onData = source.rawListeners('data').at(-1);
  if (onData?.name !== ON_DATA) return destination;
  const from = source[kConnection];
  from.extras.forward?.end();
  from.ownExtras().forward = new SocketPipe(source, destination as Socket & To, onData);
  return destination;
}
