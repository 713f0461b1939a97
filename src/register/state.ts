/** The state of the register hook in this thread, for the modules that stand in for `net`. */
import type { NetModule } from '../net/module.js';

/** The module that `net` has become, and the functions that keep its ES module up to date. */
export interface Installed {
  readonly net: NetModule;
  /** The built-in, for this package's own files in the published form: `scripts/stage.mjs`. */
  readonly builtin: typeof import('node:net');
  /** Run by `module.syncBuiltinESMExports()`. */
  readonly onSync: Set<() => void>;
}

const key = Symbol.for('barewire.register');
const holder = globalThis as { [key]?: Installed };

/** The state; null if the hook is not installed. */
export function installed(): Installed | null {
  return holder[key] ?? null;
}

/** Stores the state, so that a second copy of this package does not install the hook again. */
export function setInstalled(state: Installed): void {
  Object.defineProperty(holder, key, { value: state, configurable: true });
}
