/** Arguments that the types or the system refuse. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Scope } from './row.js';

/** Gives a value any type: what a JavaScript program may pass although the types forbid it. */
export function loose<T>(value: unknown): T {
  return value as T;
}

/** A path that no socket address can hold. */
export function tooLongPath(s: Scope): string {
  const folder = join(s.folder(), 'x'.repeat(100));
  mkdirSync(folder);
  return join(folder, 'y');
}
