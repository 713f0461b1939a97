/** What the register hook can be told: by environment variables, which children inherit. */
import { choice, UNSUPPORTED } from '../fallback/announce.js';

/** Which module `net` becomes; see `docs/SWITCHING.md`. */
export type ProfileName = 'node' | 'manual';

/** The hook's options. */
export interface Settings {
  /** `BAREWIRE_PROFILE`: `node` (default), or `manual`. */
  readonly profile: ProfileName;
}

/** Throws a `TypeError` where a variable has a value that means nothing. */
export function readSettings(): Settings {
  choice('BAREWIRE_UNSUPPORTED', UNSUPPORTED);
  return { profile: choice('BAREWIRE_PROFILE', ['node', 'manual']) };
}
