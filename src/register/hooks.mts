/**
 * The resolve hook for Node versions without `module.registerHooks`. It runs in the loader's own
 * thread, and knows only what `initialize` gets.
 */
import { pathToFileURL } from 'node:url';

/** The URLs that the hook needs. */
export interface HookData {
  /** The prefix of this package's own files, which get the built-in. */
  readonly inside: string;
  /** The module that `import` gets. */
  readonly imported: string;
  /** The module that `require` gets when the loader of ES modules loads it. */
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

/** Called once by Node, with the data that `module.register` got. */
export function initialize(given: HookData): void {
  data = given;
}

/**
 * Whether `parent` is a file of this package. `mock.module` of `node:test` passes a path, not a
 * URL.
 */
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
