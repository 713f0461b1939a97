/** Linux: the kernel interface as the native binding fills it. */
import { type Binding, native, unsupported } from './binding.js';
import type { Failure } from './failure.js';
import type { Kernel } from './kernel.js';
import { quickCalls } from './quick.js';
import { addressCalls } from './sockaddr.js';

/**
 * A copy: V8 keeps an object that native code filled as a hash table, and looks every property up
 * in it at each use. In a literal they have fixed places. Frozen, so that nobody puts a function of
 * his in a call's place, to be handed what the reactor shares with the C file.
 */
function kernelOf(binding: Binding): Kernel {
  const { quick, bind, connect, getsockname, getpeername, ...others } = binding;
  const { interfaceIndex, interfaceName, sourceSha256: _, ...calls } = others;
  const { constants } = others;
  return Object.freeze({
    ...calls,
    ...(quick === undefined ? {} : quickCalls(quick, calls)),
    ...addressCalls(
      { bind, connect, getsockname, getpeername, interfaceIndex, interfaceName },
      constants,
    ),
    constants: Object.freeze({ ...constants }),
  });
}

/** Where there is none, who asks it for anything is told why. */
function noKernel(why: Failure): Kernel {
  const refuse = (): never => {
    throw unsupported(why);
  };
  return new Proxy({} as Kernel, { get: refuse, has: refuse, ownKeys: refuse });
}

/** This thread's kernel. */
export const linux: Kernel =
  native.failure === null ? kernelOf(native.binding) : noKernel(native.failure);
