/** Linux: the kernel interface as the native binding fills it. */
import { loadBinding } from './binding.js';
import type { Kernel } from './kernel.js';

export const linux: Kernel = loadBinding();
