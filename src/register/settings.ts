/** The options of the register hook: environment variables, which children inherit. */
import { choice, UNSUPPORTED } from '../fallback/announce.js';

/** The profile that `net` becomes; see `docs/SWITCHING.md`. */
export type ProfileName = 'node' | 'manual';

/** The hook's options. */
export interface Settings {
  /** `BAREWIRE_PROFILE`: `node` (default), or `manual`. */
  readonly profile: ProfileName;
}

/** Reads the options. Throws a `TypeError` if a variable has a value that it can not have. */
export function readSettings(): Settings {
  choice('BAREWIRE_UNSUPPORTED', UNSUPPORTED);
  return { profile: choice('BAREWIRE_PROFILE', ['node', 'manual']) };
}
