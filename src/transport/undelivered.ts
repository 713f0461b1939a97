/**
 * Pieces of one read that their owner has not got yet. Each is delivered by itself, so that the
 * ticks and promise jobs of the one before run in between. Few streams ever have any.
 *
 * The memory that the pieces keep alive is counted: for each piece all of the memory that it lies
 * in, however short the piece is.
 */
import type { Kept } from '../reactor/kept.js';

const held = new WeakMap<object, Buffer[]>();

function memoryBytes(pieces: readonly Buffer[]): number {
  let sum = 0;
  for (const { buffer } of pieces) sum += buffer.byteLength;
  return sum;
}

/** Keeps `pieces` for `owner`, in their order. `owner` must have none. */
export function hold(owner: object, pieces: Buffer[], kept: Kept): void {
  held.set(owner, pieces);
  kept.add(memoryBytes(pieces));
}

/** Takes one piece, or as much of it as fits `roomBytes`, and tells whether it was the last. */
export function nextUndelivered(
  owner: object,
  roomBytes: number,
  kept: Kept,
): { piece: Buffer; isLast: boolean } {
  const pieces = held.get(owner) ?? [];
  const whole = pieces.shift() ?? Buffer.alloc(0);
  if (whole.length > roomBytes) pieces.unshift(whole.subarray(roomBytes));
  else kept.remove(whole.buffer.byteLength);
  const isLast = pieces.length === 0;
  if (isLast) held.delete(owner);
  return { piece: whole.subarray(0, roomBytes), isLast };
}

/** Takes all remaining pieces. */
export function allUndelivered(owner: object, kept: Kept): Buffer[] {
  const pieces = held.get(owner) ?? [];
  held.delete(owner);
  kept.remove(memoryBytes(pieces));
  return pieces;
}
