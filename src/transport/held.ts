/**
 * Pieces of one read that their owner has not got yet: each is delivered by itself, with the ticks
 * and promise jobs of the one before in between. Few streams ever have any.
 */
const held = new WeakMap<object, Buffer[]>();

/** Keeps `pieces` for `owner`, the first one first. */
export function hold(owner: object, pieces: Buffer[]): void {
  held.set(owner, pieces);
}

/**
 * Takes one piece, or as much of it as there is room for, and tells whether anything is left.
 */
export function nextHeld(owner: object, roomBytes: number): { piece: Buffer; isLast: boolean } {
  const pieces = held.get(owner) ?? [];
  const whole = pieces.shift() ?? Buffer.alloc(0);
  if (whole.length > roomBytes) pieces.unshift(whole.subarray(roomBytes));
  const isLast = pieces.length === 0;
  if (isLast) held.delete(owner);
  return { piece: whole.subarray(0, roomBytes), isLast };
}

/** Takes all that is left. */
export function allHeld(owner: object): Buffer[] {
  const pieces = held.get(owner) ?? [];
  held.delete(owner);
  return pieces;
}
