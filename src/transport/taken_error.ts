/**
 * Errors that were taken out of a socket before its bytes were read: by who asked whether it is
 * connected. The kernel tells each once, and would then report a plain end behind the bytes.
 */
const taken = new WeakMap<object, number>();
/** Most threads never keep one, and do not look for any. */
let isUsed = false;

/** Keeps the error (-errno) of `stream` for the end of its bytes. */
export function keepError(stream: object, status: number): void {
  isUsed = true;
  taken.set(stream, status);
}

/** Whether an end of the bytes of `stream` is one (0), or stands for an error (-errno). */
export function endStatus(stream: object): number {
  return isUsed ? (taken.get(stream) ?? 0) : 0;
}
