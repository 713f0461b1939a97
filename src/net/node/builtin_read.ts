/** What the built-in reads at once: who gets bytes from us piece by piece gets no more either. */
export const BUILTIN_READ_BYTES = 64 * 1024;
