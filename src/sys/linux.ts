/** Linux: the kernel interface as the native binding fills it. */
import { loadBinding } from './binding.js';
import type { Kernel } from './kernel.js';
import { quickCalls } from './quick.js';

const { quick, ...calls } = loadBinding();

/**
 * A copy: V8 keeps an object that native code filled as a hash table, and looks every property up
 * in it at each use. In a literal they have fixed places.
 */
export const linux: Kernel = {
  ...calls,
  ...(quick === undefined ? {} : quickCalls(quick, calls)),
  constants: { ...calls.constants },
};
