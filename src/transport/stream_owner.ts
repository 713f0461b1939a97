/** What a stream and who has it say to each other. */
import type { AsyncContext } from '../reactor/pollable.js';
import type { Descriptor } from './descriptor.js';

/**
 * Where delivered bytes wait: in a buffer of the owner's (`'here'`), in one that the owner passes
 * them to (`'behind'`), or nowhere (null).
 */
export type Buffering = 'here' | 'behind' | null;

/** The owner of a stream. Each callback may close the stream. */
export interface StreamOwner {
  /** The user's socket. */
  readonly socket?: object;
  /** The stream is connected (0), or the connect failed (-errno). */
  onConnect(status: number): void;
  /** Passes bytes that the owner may keep. */
  onRead(chunk: Buffer): void;
  /** `count` bytes were read into `readInto`. */
  onReadInto(count: number): void;
  /** The peer's FIN, after all its bytes. */
  onReadEnd(): void;
  onReadError(status: number): void;
  /** After `stopWriting`: no bytes are left to read, but the peer has not ended its side. */
  onReadOut(): void;
  /** A flush is about to send: the owner may queue more, and set `finWithLastBytes`. */
  onFlush(): void;
  /** The kernel has taken all queued bytes. */
  onWritten(): void;
  onWriteError(status: number): void;
  /** The process ends: the owner must queue or send its remaining bytes now. */
  onExit(): void;
  /** The asynchronous context that all this is called in, if not that of the event loop. */
  readonly context?: AsyncContext | null;
  /** Where reads land in place of the reactor's slab. */
  readonly readInto?: Uint8Array | null;
  /** The place where delivered bytes wait to be fetched, if they do. */
  readonly buffers?: Buffering;
  /** May take bytes in place of `onRead`. */
  readonly forward?: Forward | null;
}

/** Takes bytes past their owner: a relay. */
export interface Forward {
  /** Does the work of one read for `from`, or does nothing and returns false. */
  step(from: Descriptor): boolean;
  /** A stream that reads nothing now has a FIN or an error after its bytes. */
  wakeForEnd(): void;
}

/** Hears nothing of what a stream does: the base of owners that wait for one thing. */
export class QuietOwner implements StreamOwner {
  readonly readInto: Uint8Array | null = null;
  readonly forward: Forward | null = null;

  constructor(readonly context: AsyncContext | null = null) {}

  onConnect(_status: number): void {}
  onRead(_chunk: Buffer): void {}
  onReadInto(_count: number): void {}
  onReadEnd(): void {}
  onReadError(_status: number): void {}
  onReadOut(): void {}
  onFlush(): void {}
  onWritten(): void {}
  onWriteError(_status: number): void {}
  onExit(): void {}
}

/** Owns a stream until somebody takes it, who finds in the kernel what came before: none reads. */
export const NO_OWNER: StreamOwner = new QuietOwner();
