/**
 * What this package reads of a Duplex's own state. Node keeps these two objects in every version;
 * they are not typed, so the fields used are named here, once. And what modules of this one share.
 */
import { EventEmitter } from 'node:events';
import type { BoundSocket } from './bound_socket.js';

export interface ReadableInternals {
  /** What waits to be read. */
  readonly buffer: Iterable<unknown>;
  flowing: boolean | null;
  length: number;
  decoder: unknown;
  encoding: string | null;
  reading: boolean;
  sync: boolean;
  ended: boolean;
  endEmitted: boolean;
  dataEmitted: boolean;
  emittedReadable: boolean;
  needReadable: boolean;
  resumeScheduled: boolean;
  awaitDrainWriters: unknown;
  multiAwaitDrain: boolean;
  pipes: readonly unknown[];
  errored: Error | null;
}

export interface WritableInternals {
  sync: boolean;
  length: number;
  /** The bytes of the write under way. */
  writelen: number;
  highWaterMark: number;
  needDrain: boolean;
  defaultEncoding: string;
  corked: number;
  ending: boolean;
  ended: boolean;
  finished: boolean;
  errorEmitted: boolean;
  errored: Error | null;
  /** What waits behind the write under way, from `bufferedIndex` on. */
  readonly buffered: readonly { readonly chunk: unknown }[];
  readonly bufferedIndex: number;
}

/** Taken out when this package loads: who replaces it later sees what goes through it. */
export const { emit } = EventEmitter.prototype;

/** Node's own `emit` names this; one that somebody put in its place before us does not. */
const isOwnEmit = Function.prototype.toString.call(emit).includes('kErrorMonitor');

/** Where an emitter keeps whether rejections of its listeners' promises are caught. */
const kCapture = Object.getOwnPropertySymbols(EventEmitter.prototype).find(
  (symbol) => symbol.description === 'kCapture',
);

/** Whether `emit` does no more for a socket with one listener than to call that. */
export function emitsPlainly(socket: EventEmitter): boolean {
  return (
    isOwnEmit &&
    socket.emit === emit &&
    kCapture !== undefined &&
    (socket as unknown as Record<symbol, unknown>)[kCapture] === false
  );
}

type OwnName = 'write' | '_write' | '_writev' | '_final' | 'read' | 'on' | 'onPeerEnded';

/**
 * The methods of `Socket` itself, to see whether a class of a user's has others; and the listener
 * of 'end' that each socket has.
 */
export const own: Record<OwnName, unknown> = {
  write: null,
  read: null,
  on: null,
  _write: null,
  _writev: null,
  _final: null,
  onPeerEnded: null,
};

/** Whether every chunk may go past `_write` and `_writev`: nobody else would see it there. */
export function writesItself(socket: { _write: unknown; _writev?: unknown }): boolean {
  return socket._write === own._write && socket._writev === own._writev;
}

/** The state of a socket that is not part of its public surface. */
export const kCore: unique symbol = Symbol('barewire.socket');
/** The state of a server that is not part of its public surface. */
export const kServer: unique symbol = Symbol('barewire.server');
/** Takes a bound socket's descriptor over. */
export const kBound: unique symbol = Symbol('barewire.bound');
/** Marks arguments that were put in order already. */
export const kNormalized: unique symbol = Symbol('barewire.normalized');
/** The host a class of sockets or servers stands on; a simulated one replaces it. */
export const kHost: unique symbol = Symbol('barewire.host');

/** Whether it is a `BoundSocket`; asked this way, its module need not be loaded for an answer. */
export function isBoundSocket(value: unknown): value is BoundSocket {
  return typeof value === 'object' && value !== null && kBound in value;
}

/** No target of a `pipe` is waited for; once there were two, they are a set. */
function drained(state: ReadableInternals): void {
  if (state.multiAwaitDrain) (state.awaitDrainWriters as Set<unknown>).clear();
  else state.awaitDrainWriters = null;
}

/** Leaves a Readable as if its `push()` had emitted bytes. Most often nothing changes. */
export function emitted(state: ReadableInternals): void {
  if (state.reading) state.reading = false;
  if (state.awaitDrainWriters !== null) drained(state);
  if (!state.dataEmitted) state.dataEmitted = true;
}
