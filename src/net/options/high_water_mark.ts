/** How much a socket buffers on each side where nobody says. */
import { getDefaultHighWaterMark } from 'node:stream';

/** What Node 20 has for all streams; later versions have the larger value. */
const SMALL_BYTES = 16 * 1024;
const DEFAULT_BYTES = 64 * 1024;

/** 64 KiB in every version of Node, unless the program chose a default of its own. */
export function defaultHighWaterMark(): number {
  const set = getDefaultHighWaterMark(false);
  return set === SMALL_BYTES ? DEFAULT_BYTES : set;
}
