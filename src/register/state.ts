/** What the register hook has put in place in this thread, for the modules that stand in. */
import type { NetModule } from '../net/module.js';

/** The module that `net` has become, and how its ES module follows changes of it. */
export interface Installed {
  readonly net: NetModule;
  /** The built-in, for this package's own files as they are published: `scripts/stage.mjs`. */
  readonly builtin: typeof import('node:net');
  /** Run by `module.syncBuiltinESMExports()`. */
  readonly onSync: Set<() => void>;
}

const key = Symbol.for('barewire.register');
const holder = globalThis as { [key]?: Installed };

/** Null where nothing is in place. */
export function installed(): Installed | null {
  return holder[key] ?? null;
}

/** Notes what is in place, so that a second copy of this package leaves it alone. */
export function setInstalled(state: Installed): void {
  Object.defineProperty(holder, key, { value: state, configurable: true });
}
