/** Where the bytes of a connection land in place of the reactor's memory, past Node's Readable. */
import { types } from 'node:util';
import type { Stream } from '../../transport/stream.js';
import type { DuplexSurface } from './duplex.js';

/** The connection that a sink takes bytes of. */
export interface SinkOwner {
  readonly stream: Stream | null;
  /** A read or a write happened. */
  active(): void;
}

/** Takes bytes; `HttpFeed` and `UserRead` do. */
export interface ReadSink {
  /** Where the next read lands; null for the reactor's memory. */
  readonly memory: Uint8Array | null;
  /** `socket.parser`, which `http` sets and reads. */
  parser: unknown;
  /**
   * Takes the `countBytes` that a read put into `memory`. Returns a copy of them where they are to
   * go the ordinary way, and else null.
   */
  take(countBytes: number, connection: SinkOwner): Buffer | null;
}

/** Reads into the user's own buffer; `connect`'s `onread` option. */
export class UserRead implements ReadSink {
  parser: unknown = undefined;

  constructor(
    private readonly socket: DuplexSurface,
    /** Where reads land. */
    public memory: Uint8Array,
    /** Gives the buffer for the next read, where the option has a function. */
    readonly generate: (() => Uint8Array) | null,
    /** The user's: false stops reading. */
    readonly callback: (bytes: number, buffer: Uint8Array) => boolean | undefined,
  ) {}

  take(countBytes: number, connection: SinkOwner): null {
    connection.active();
    const goOn = Reflect.apply(this.callback, this.socket, [countBytes, this.memory]) !== false;
    const { stream } = connection;
    if (stream === null) return null;
    if (this.generate !== null) {
      const next = this.generate();
      if (types.isUint8Array(next)) this.memory = next;
    }
    if (!goOn) stream.stopReading();
    return null;
  }
}
