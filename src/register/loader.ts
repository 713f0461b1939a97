/**
 * Hooks the ways in which user code asks for `net`: `require`, `import`,
 * `process.getBuiltinModule`. Node's core has a loader of its own, which these hooks do not reach.
 */
import Module from 'node:module';
import { join, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { NetModule } from '../net/module.js';
import type { HookData } from './hooks.mjs';
import { followModuleMocks, isMocked } from './module_mocks.js';
import { isNet } from './net_name.js';

type Load = (
  request: string,
  parent: { filename?: unknown } | undefined,
  isMain: boolean,
) => unknown;
type Resolve = (specifier: string, context: ResolveContext, next: Next) => Resolved;
type Next = (specifier: string, context?: ResolveContext) => Resolved;

interface ResolveContext {
  readonly conditions: readonly string[];
  readonly parentURL?: string | undefined;
}

interface Resolved {
  readonly url: string;
  readonly format?: string;
  readonly shortCircuit?: boolean;
}

/** The parts of Node's loader used here that have no types, or do not exist in every version. */
interface Loader {
  _load: Load;
  registerHooks?: (hooks: { resolve: Resolve }) => unknown;
  syncBuiltinESMExports: () => void;
  register: (specifier: string, options: { parentURL: string; data: HookData }) => void;
}

const loader = Module as unknown as Loader;
const folder = join(__dirname, '..') + sep;

function hookRequire(net: NetModule): void {
  const load = loader._load;
  loader._load = function _load(this: unknown, ...args: Parameters<Load>): unknown {
    const [request, parent] = args;
    if (!isNet(request)) return Reflect.apply(load, this, args);
    // If a file of this package asks for `net`, it means the built-in.
    const inside = typeof parent?.filename === 'string' && parent.filename.startsWith(folder);
    return inside ? Reflect.apply(load, this, args) : net;
  };
}

function hookImport(): void {
  const data: HookData = {
    inside: pathToFileURL(folder).href,
    imported: pathToFileURL(join(__dirname, 'facade.mjs')).href,
    required: pathToFileURL(join(__dirname, 'required.js')).href,
  };
  if (loader.registerHooks === undefined) {
    const parentURL = pathToFileURL(__filename).href;
    loader.register('./hooks.mjs', { parentURL, data });
    return;
  }
  loader.registerHooks({
    resolve(specifier, context, next) {
      if (!isNet(specifier) || isMocked() || context.parentURL?.startsWith(data.inside)) {
        return next(specifier, context);
      }
      const required = context.conditions.includes('require');
      return required
        ? { url: data.required, format: 'commonjs', shortCircuit: true }
        : { url: data.imported, format: 'module', shortCircuit: true };
    },
  });
}

type GetBuiltin = (id: string) => unknown;

function hookGetBuiltinModule(net: NetModule): void {
  const holder = process as { getBuiltinModule?: GetBuiltin };
  const original = holder.getBuiltinModule;
  if (original === undefined) return;
  holder.getBuiltinModule = function getBuiltinModule(id) {
    return isNet(id) ? net : Reflect.apply(original, process, [id]);
  };
}

/** From here on, every file that asks for `net` or `node:net` gets `net`. */
export function hookLoader(net: NetModule): void {
  hookRequire(net);
  hookGetBuiltinModule(net);
  hookImport();
  followModuleMocks();
}

/** Runs `followers` after each `syncBuiltinESMExports()`. */
export function onSyncExports(followers: ReadonlySet<() => void>): void {
  const sync = loader.syncBuiltinESMExports;
  loader.syncBuiltinESMExports = function syncBuiltinESMExports(): void {
    Reflect.apply(sync, Module, []);
    for (const follow of followers) follow();
  };
  // Makes `import {syncBuiltinESMExports} from 'node:module'` give the replacement.
  Reflect.apply(sync, Module, []);
}
