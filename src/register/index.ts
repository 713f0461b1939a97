/**
 * `barewire/register`: makes `net` this package's, in every file of the program. For `--require`,
 * `--import` and `NODE_OPTIONS`; see `docs/SWITCHING.md`.
 */
import builtin from 'node:net';
import { isMainThread } from 'node:worker_threads';
import type * as ipc from '../ipc/install.js';
import type { NetModule } from '../net/module.js';
import { acceptInstances } from './instances.js';
import { hookLoader, onSyncExports } from './loader.js';
import type * as mirror from './mirror.js';
import { type ProfileName, readSettings, type Settings } from './settings.js';
import { installed, setInstalled } from './state.js';

export type { ProfileName };

function load(profile: ProfileName): NetModule {
  return profile === 'manual'
    ? (require('../index.js') as NetModule)
    : (require('../node.js') as NetModule);
}

/** The module of the profile asked for, or null where this machine can not have it. */
function loadSupported(settings: Settings): NetModule | null {
  try {
    return load(settings.profile);
  } catch (error) {
    const unsupported = error instanceof Error && 'code' in error && String(error.code);
    if (unsupported !== 'ERR_BAREWIRE_UNSUPPORTED' || settings.unsupported === 'error') throw error;
    // One warning for the process: its threads find out the same.
    if (isMainThread) {
      process.emitWarning(`${(error as Error).message} The built-in 'net' is used instead.`, {
        type: 'BarewireWarning',
        code: 'BAREWIRE_UNSUPPORTED',
      });
    }
    return null;
  }
}

function install(): NetModule | null {
  const before = installed();
  if (before !== null) return before.net;
  const net = loadSupported(readSettings(process.env));
  if (net === null) return null;
  const state = { net, onSync: new Set<() => void>() };
  setInstalled(state);
  acceptInstances(net.Socket, () => builtin.Socket);
  acceptInstances(net.Server, () => builtin.Server);
  onSyncExports(state.onSync);
  hookLoader(net);
  // Only now: they load the native file, which an unsupported machine does not have.
  (require('./mirror.js') as typeof mirror).mirrorPatches(net, builtin);
  (require('../ipc/install.js') as typeof ipc).installIpc(net);
  return net;
}

/** What `net` is from here on; the built-in where this machine is not supported. */
export const net: NetModule | typeof builtin = install() ?? builtin;
/** Whether `net` is this package's. */
export const registered: boolean = net !== builtin;
/** The built-in `net`, which nobody else gets by asking for it any more. */
export const builtinNet: typeof builtin = builtin;
