/** What a stream and who has it say to each other. */
import type { AsyncContext } from '../reactor/pollable.js';
import type { Descriptor } from './descriptor.js';

/** In a buffer of the owner's, or of somebody whom it passes the bytes on to. */
export type Buffering = 'here' | 'behind' | null;

/** Who hears what a stream does. Every callback may close the stream. */
export interface StreamOwner {
  /** What a user knows it by. */
  readonly socket?: object;
  /** The connection stands (0), or failed (-errno). */
  onConnect(status: number): void;
  /** Bytes for the owner to keep. */
  onRead(chunk: Buffer): void;
  /** `count` bytes were read into `readInto`. */
  onReadInto(count: number): void;
  /** The peer's FIN, after all its bytes. */
  onReadEnd(): void;
  onReadError(status: number): void;
  /** After `stopWriting`: no bytes are there any more, though the peer's side has not ended. */
  onReadOut(): void;
  /** A flush is about to send: the owner may queue more, and say that `finWithLastBytes`. */
  onFlush(): void;
  /** All that was queued is with the kernel. */
  onWritten(): void;
  onWriteError(status: number): void;
  /** The process ends: what is to be sent has to be queued or sent now. */
  onExit(): void;
  /** The asynchronous context that all this is called in, if not that of the event loop. */
  readonly context?: AsyncContext | null;
  /** Where reads land in place of the reactor's slab. */
  readonly readInto?: Uint8Array | null;
  /** Where what it gets waits for somebody to fetch it, if it does. */
  readonly buffers?: Buffering;
  /** Where bytes may go in place of `onRead`, if anywhere. */
  readonly forward?: Forward | null;
}

/** Takes bytes past their owner. */
export interface Forward {
  /** Does one read's work for `stream`, or returns false and has done nothing. */
  step(from: Descriptor): boolean;
  /** A stream that reads nothing now has a FIN or a failure behind its bytes. */
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
