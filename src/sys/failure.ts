/** The record of a native file that did not load. */

/** The reasons that are found before any file is looked for. */
export type Obstacle = 'runtime' | 'platform' | 'node' | 'snapshot';

/** The reason why there is no native binding. */
export interface Failure {
  readonly obstacle: Obstacle | null;
  /** The value of `BAREWIRE_NATIVE`; if it is set, no other file is tried. */
  readonly named: string | null;
  /** The folders that were searched for a native file; those above them were searched too. */
  readonly folders: readonly string[];
  /** The files that were found, and the error of loading each. */
  readonly tried: readonly { readonly file: string; readonly cause: unknown }[];
}
