/**
 * Errors that were taken out of a socket before its bytes were read, by a check whether it is
 * connected. The kernel reports each error once, and would then report a plain end after the
 * bytes.
 */
const taken = new WeakMap<object, number>();
/** Whether this thread has ever kept one. Most threads have not, and skip the look-up. */
let isUsed = false;

/** Keeps the error (-errno) of `stream` for the end of its bytes. */
export function keepError(stream: object, status: number): void {
  isUsed = true;
  taken.set(stream, status);
}

/** The status at the end of `stream`'s bytes: 0 for a real end, or the kept -errno. */
export function endStatus(stream: object): number {
  return isUsed ? (taken.get(stream) ?? 0) : 0;
}
