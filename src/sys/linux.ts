/** Linux: the kernel interface over the native binding. */
import { type Binding, native, unsupported } from './binding.js';
import type { Failure } from './failure.js';
import type { Kernel } from './kernel.js';
import { quickCalls } from './quick.js';
import { addressCalls } from './sockaddr.js';

/**
 * Copies the binding into an object literal. V8 keeps an object that native code filled as a hash
 * table, and searches it for each property at each use; the properties of a literal have fixed
 * places. The copy is frozen: a program that replaced a call by a function of its own would be
 * passed the words that the reactor shares with the C file.
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

/** A kernel for a machine without a binding: any use of it throws the reason. */
function noKernel(why: Failure): Kernel {
  const refuse = (): never => {
    throw unsupported(why);
  };
  return new Proxy({} as Kernel, { get: refuse, has: refuse, ownKeys: refuse });
}

/** This thread's kernel. */
export const linux: Kernel =
  native.failure === null ? kernelOf(native.binding) : noKernel(native.failure);
