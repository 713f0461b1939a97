/** Linux: the kernel interface as the native binding fills it. */
import { type Binding, native, unsupported } from './binding.js';
import type { Failure } from './failure.js';
import type { Kernel } from './kernel.js';
import { quickCalls } from './quick.js';

/**
 * A copy: V8 keeps an object that native code filled as a hash table, and looks every property up
 * in it at each use. In a literal they have fixed places.
 */
function kernelOf({ quick, ...calls }: Binding): Kernel {
  return {
    ...calls,
    ...(quick === undefined ? {} : quickCalls(quick, calls)),
    constants: { ...calls.constants },
  };
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
