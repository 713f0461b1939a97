/** The most that the built-in reads at once. A Readable that does not flow gets no more from us. */
export const BUILTIN_READ_BYTES = 64 * 1024;
