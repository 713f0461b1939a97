/**
 * Pieces of one read that their owner has not got yet: each is delivered by itself, with the ticks
 * and promise jobs of the one before in between. Few streams ever have any, so a map has them; the
 * bit `undelivered` of a stream says whether the map does, and is set here only.
 *
 * The memory that the pieces keep alive is counted: for each piece all of the memory that it lies
 * in, however short the piece is.
 */
import type { Host } from './host.js';

/** A stream, as far as its undelivered pieces go. */
interface Holder {
  readonly host: Host;
  undelivered: boolean;
}

const held = new WeakMap<Holder, Buffer[]>();

function memoryBytes(pieces: readonly Buffer[]): number {
  let sum = 0;
  for (const { buffer } of pieces) sum += buffer.byteLength;
  return sum;
}

/** Keeps `pieces` for `holder`, which has none, the first one first. */
export function putUndelivered(holder: Holder, pieces: Buffer[]): void {
  if (pieces.length === 0) return;
  held.set(holder, pieces);
  holder.undelivered = true;
  holder.host.reactor.kept.add(memoryBytes(pieces));
}

/** Takes one piece, or as much of it as there is room for. */
export function nextUndelivered(holder: Holder, roomBytes: number): Buffer {
  const pieces = held.get(holder) ?? [];
  const whole = pieces.shift() ?? Buffer.alloc(0);
  if (whole.length > roomBytes) pieces.unshift(whole.subarray(roomBytes));
  else holder.host.reactor.kept.remove(whole.buffer.byteLength);
  if (pieces.length === 0) forget(holder);
  return whole.subarray(0, roomBytes);
}

/** Takes all that is left. */
export function takeUndelivered(holder: Holder): Buffer[] {
  const pieces = held.get(holder) ?? [];
  forget(holder);
  holder.host.reactor.kept.remove(memoryBytes(pieces));
  return pieces;
}

function forget(holder: Holder): void {
  held.delete(holder);
  holder.undelivered = false;
}
