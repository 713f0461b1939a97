/**
 * Pieces of one read that their owner has not got yet: each is delivered by itself, with the ticks
 * and promise jobs of the one before in between. Few streams ever have any.
 */
const held = new WeakMap<object, Buffer[]>();

/** Keeps `pieces` for `owner`, the first one first. */
export function hold(owner: object, pieces: Buffer[]): void {
  held.set(owner, pieces);
}

/** Takes one piece, and tells whether it was the last. */
export function nextHeld(owner: object): { piece: Buffer | undefined; isLast: boolean } {
  const pieces = held.get(owner);
  const piece = pieces?.shift();
  const isLast = pieces === undefined || pieces.length === 0;
  if (isLast) held.delete(owner);
  return { piece, isLast };
}

/** Takes all that is left. */
export function allHeld(owner: object): Buffer[] {
  const pieces = held.get(owner) ?? [];
  held.delete(owner);
  return pieces;
}
