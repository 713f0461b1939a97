/** What is known where the native file is not loaded. */

/** What stands in the way before any file is looked for. */
export type Obstacle = 'runtime' | 'platform' | 'node' | 'snapshot';

/** Why there is no native binding here. */
export interface Failure {
  readonly obstacle: Obstacle | null;
  /** What `BAREWIRE_NATIVE` says; that file is loaded or none. */
  readonly named: string | null;
  /** The folders that were looked in for a native file, with those above them. */
  readonly folders: readonly string[];
  /** The files that are there, and what loading each of them ended with. */
  readonly tried: readonly { readonly file: string; readonly cause: unknown }[];
}
