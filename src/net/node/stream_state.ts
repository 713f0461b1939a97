/**
 * What this package reads of a Duplex's own state. Node keeps these two objects in every version;
 * they are not typed, so the fields used are named here, once. Outside of this folder they are read
 * only: what is set has a function here that says what it means.
 */
import { Duplex } from 'node:stream';

export interface ReadableInternals {
  /** What waits to be read. */
  readonly buffer: Iterable<unknown>;
  readonly flowing: boolean | null;
  readonly length: number;
  readonly decoder: unknown;
  readonly encoding: string | null;
  readonly reading: boolean;
  readonly sync: boolean;
  readonly ended: boolean;
  readonly endEmitted: boolean;
  readonly dataEmitted: boolean;
  readonly emittedReadable: boolean;
  readonly needReadable: boolean;
  readonly resumeScheduled: boolean;
  readonly awaitDrainWriters: unknown;
  readonly multiAwaitDrain: boolean;
  readonly pipes: readonly unknown[];
  readonly errored: Error | null;
}

export interface WritableInternals {
  readonly sync: boolean;
  readonly length: number;
  /** The bytes of the write under way. */
  readonly writelen: number;
  readonly highWaterMark: number;
  readonly needDrain: boolean;
  readonly defaultEncoding: string;
  readonly corked: number;
  readonly ending: boolean;
  readonly ended: boolean;
  readonly finished: boolean;
  readonly errorEmitted: boolean;
  readonly errored: Error | null;
  /** What waits behind the write under way, from `bufferedIndex` on. */
  readonly buffered: readonly { readonly chunk: unknown }[];
  readonly bufferedIndex: number;
}

/** What the functions of this folder may set; all others may only read. */
export type Settable<State> = { -readonly [Field in keyof State]: State[Field] };

/** A Duplex with what this package reads of its inside. */
export interface DuplexInside extends Duplex {
  readonly _readableState: ReadableInternals;
  readonly _writableState: WritableInternals;
  readonly _events: { readonly data?: (() => void) | readonly unknown[] };
  /** What Writable holds back behind the write under way. */
  readonly writableBuffer: readonly { chunk: unknown }[];
}

/** No target of a `pipe` is waited for; once there were two, they are a set. */
function drained(state: Settable<ReadableInternals>): void {
  if (state.multiAwaitDrain) (state.awaitDrainWriters as Set<unknown>).clear();
  else state.awaitDrainWriters = null;
}

/** Leaves a Readable as if its `push()` had emitted bytes. Most often nothing changes. */
export function markDataEmitted(state: Settable<ReadableInternals>): void {
  if (state.reading) state.reading = false;
  if (state.awaitDrainWriters !== null) drained(state);
  if (!state.dataEmitted) state.dataEmitted = true;
}

/** What Readable asked for by `_read` came another way than by `push`: it may ask again. */
export function markReadServed(state: Settable<ReadableInternals>): void {
  state.reading = false;
}

/** A chunk of `lengthBytes` became part of the write under way, past Writable. */
export function noteJoined(state: Settable<WritableInternals>, lengthBytes: number): void {
  state.length += lengthBytes;
  state.writelen += lengthBytes;
}

/** `write()` returns false: `'drain'` follows once all is written. */
export function markFull(state: Settable<WritableInternals>): void {
  state.needDrain = true;
}

/**
 * A callback that comes now is taken for one within `write()`: Writable then calls the user's at
 * the next tick. Writable itself takes this back when it hands the next write over.
 */
export function deferCallbacks(state: Settable<WritableInternals>): void {
  state.sync = true;
}

/** Calls `run`; Writable reports what that completes at the next tick. */
export function deferringCallbacks(state: Settable<WritableInternals>, run: () => void): void {
  const { sync } = state;
  state.sync = true;
  try {
    run();
  } finally {
    state.sync = sync;
  }
}

/**
 * A socket that was destroyed connects again. Node's `_undestroy` leaves these two as they were: a
 * `pipe` to the socket would wait for a `'drain'` of the past, and a reader for a `'readable'` that
 * was due when the socket was destroyed.
 */
export function forgetEarlierLife(
  readable: Settable<ReadableInternals>,
  writable: Settable<WritableInternals>,
): void {
  writable.needDrain = false;
  readable.emittedReadable = false;
}

/** Puts a piece in front of what waits to be read, and tells nobody of it. */
export function unshiftQuietly(socket: DuplexInside, piece: Buffer): void {
  const state: Settable<ReadableInternals> = socket._readableState;
  state.needReadable = false;
  Duplex.prototype.unshift.call(socket, piece);
}

/** Puts a piece behind what waits to be read, and tells nobody of it. */
export function pushQuietly(socket: DuplexInside, piece: Buffer): void {
  const state: Settable<ReadableInternals> = socket._readableState;
  state.needReadable = false;
  Duplex.prototype.push.call(socket, piece);
}

/** Takes out all that waits to be read; no more is asked for. */
export function takeAllQuietly(socket: DuplexInside): void {
  const state: Settable<ReadableInternals> = socket._readableState;
  state.reading = true;
  while (Duplex.prototype.read.call(socket) !== null);
  state.reading = false;
}

/** A Readable gives bytes from here on, whatever `setEncoding` said. */
export function dropDecoder(state: Settable<ReadableInternals>): void {
  state.decoder = null;
  state.encoding = null;
}

/** `resume()`, without what is buffered beginning to flow at the next tick. */
export function resumeWithoutFlow(socket: DuplexInside): void {
  const state: Settable<ReadableInternals> = socket._readableState;
  const { resumeScheduled } = state;
  state.resumeScheduled = true;
  Duplex.prototype.resume.call(socket);
  state.resumeScheduled = resumeScheduled;
}

/** Whether a Readable flows: null where nobody has said yet. */
export function setFlowing(state: Settable<ReadableInternals>, flowing: boolean | null): void {
  state.flowing = flowing;
}
