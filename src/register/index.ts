/**
 * `barewire/register`: makes `net` this package's, in every file of the program. For `--require`,
 * `--import` and `NODE_OPTIONS`; see `docs/SWITCHING.md`.
 */
import builtin from 'node:net';
import { announce } from '../fallback/announce.js';
import { isNative } from '../fallback/choose.js';
import type * as ipc from '../ipc/install.js';
import type { NetModule } from '../net/module.js';
import { acceptInstances } from './instances.js';
import { hookLoader, onSyncExports } from './loader.js';
import type * as mirror from './mirror.js';
import { type ProfileName, readSettings } from './settings.js';
import { installed, setInstalled } from './state.js';

export type { ProfileName };

function load(profile: ProfileName): NetModule {
  return profile === 'manual'
    ? (require('../index.js') as NetModule)
    : (require('../node.js') as NetModule);
}

function install(): NetModule | null {
  const before = installed();
  if (before !== null) return before.net;
  const { profile } = readSettings();
  announce();
  if (!isNative) return null;
  const net = load(profile);
  const state = { net, builtin, onSync: new Set<() => void>() };
  setInstalled(state);
  acceptInstances(net.Socket, () => builtin.Socket);
  acceptInstances(net.Server, () => builtin.Server);
  onSyncExports(state.onSync);
  hookLoader(net);
  // Required only now: it loads the native file, which an unsupported machine does not have.
  (require('./mirror.js') as typeof mirror).mirrorPatches(net, builtin);
  (require('../ipc/install.js') as typeof ipc).installIpc(net);
  return net;
}

/** The module that `net` is from here on; the built-in if this machine is not supported. */
export const net: typeof builtin = (install() as typeof builtin | null) ?? builtin;
/** Whether `net` is this package's. */
export const registered: boolean = net !== builtin;
/** Whether this package can run on this machine; if not, `net` is the runtime's own. */
export { isNative };
/** The built-in `net`. A program can no longer get it by asking for `net`. */
export const builtinNet: typeof builtin = builtin;
