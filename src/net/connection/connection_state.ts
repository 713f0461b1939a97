/**
 * The layout of `Connection.bits`: all that is true or false of a connection, and the two states
 * of its writing, in one word. A field each is 8 bytes of every connection.
 */

/** Each part of the word: its first bit, and how many there are. */
export const CONNECTION_STATE = {
  /** The connection does not keep the process alive. */
  UNREFERENCED: [0, 1],
  /** Closing sends RST in place of FIN. */
  RESETS: [1, 1],
  /** Keep-alive sets the idle time alone; see `Profile`. */
  IDLE_TIME_ONLY: [2, 1],
  /** Writes with callbacks of the user's may be under way: those are called in their order. */
  HAS_CALLBACKS: [3, 1],
  /** A `WritePhase`. */
  PHASE: [4, 2],
  /** A `SendMode`. */
  MODE: [6, 2],
} as const satisfies Record<string, readonly [firstBit: number, width: number]>;

/** Where the write stands that Node's Writable waits for. */
export const WritePhase = {
  /** None is under way: `callback` is null. */
  IDLE: 0,
  /** It waits for nothing but the end of the handler, and the kernel has room: others may join. */
  JOINABLE: 1,
  /** It was sent, or waits for the kernel, or for the connection. */
  HANDED: 2,
} as const;
export type WritePhase = (typeof WritePhase)[keyof typeof WritePhase];

/** When what Writable hands over leaves. */
export const SendMode = {
  /** When the handler returns, or at once where it is much. */
  AS_WRITTEN: 0,
  /** All that Writable has is being sent now: what it hands over meanwhile joins the round. */
  ALL: 1,
  /** As `ALL`, and the socket is destroyed behind it: it does not finish any more. */
  LAST: 2,
} as const;
export type SendMode = (typeof SendMode)[keyof typeof SendMode];

type Part = keyof typeof CONNECTION_STATE;

/** The bit of a flag. */
export function bitOf(part: Part): number {
  return 1 << CONNECTION_STATE[part][0];
}

/** Where a state begins. */
export function shiftOf(part: Part): number {
  return CONNECTION_STATE[part][0];
}

/** The bits of a state, once shifted down. */
export function maskOf(part: Part): number {
  return (1 << CONNECTION_STATE[part][1]) - 1;
}
