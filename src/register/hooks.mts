/**
 * The resolve hook for Node versions without `module.registerHooks`: it runs in a thread of the
 * loader's, and so knows nothing but what `initialize` is given.
 */
import { pathToFileURL } from 'node:url';

/** The addresses that the hook needs. */
export interface HookData {
  /** What this address begins belongs to this package, and gets the built-in. */
  readonly inside: string;
  /** The module that `import` gets. */
  readonly imported: string;
  /** The module that `require` gets, where the loader of ES modules does the work. */
  readonly required: string;
}

interface Context {
  readonly conditions: readonly string[];
  readonly parentURL?: string | undefined;
}

interface Resolved {
  readonly url: string;
  readonly format?: string;
  readonly shortCircuit?: boolean;
}

let data: HookData | null = null;

/** Called once by Node, with what `module.register` was given. */
export function initialize(given: HookData): void {
  data = given;
}

/** `mock.module` of `node:test` passes a path in place of an address. */
function isInside({ inside }: HookData, parent: string | undefined): boolean {
  if (parent === undefined) return false;
  return (parent.startsWith('/') ? pathToFileURL(parent).href : parent).startsWith(inside);
}

/** Called by Node for each import. */
export async function resolve(
  specifier: string,
  context: Context,
  next: (specifier: string, context: Context) => Promise<Resolved>,
): Promise<Resolved> {
  const isNet = specifier === 'net' || specifier === 'node:net';
  if (!isNet || data === null || isInside(data, context.parentURL)) {
    return next(specifier, context);
  }
  return context.conditions.includes('require')
    ? { url: data.required, format: 'commonjs', shortCircuit: true }
    : { url: data.imported, format: 'module', shortCircuit: true };
}
