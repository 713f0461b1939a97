/** Linux: the kernel interface as the native binding fills it. */
import { loadBinding } from './binding.js';
import type { Kernel } from './kernel.js';
import { quickCalls } from './quick.js';
import { addressCalls } from './sockaddr.js';

const { quick, bind, connect, getsockname, getpeername, ...others } = loadBinding();
const { interfaceIndex, interfaceName, sourceSha256: _, ...calls } = others;
const { constants } = others;

/**
 * A copy: V8 keeps an object that native code filled as a hash table, and looks every property up
 * in it at each use. In a literal they have fixed places. Frozen, so that nobody puts a function of
 * his in a call's place, to be handed what the reactor shares with the C file.
 */
export const linux: Kernel = Object.freeze({
  ...calls,
  ...(quick === undefined ? {} : quickCalls(quick, calls)),
  ...addressCalls(
    { bind, connect, getsockname, getpeername, interfaceIndex, interfaceName },
    constants,
  ),
  constants: Object.freeze({ ...constants }),
});
