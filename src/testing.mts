/** `barewire/testing`, for ES modules; the same objects as CommonJS gets. */
import { simulate as run } from './testing/index.js';

/** Runs a program of servers and clients on a simulated network, in virtual time, by a seed. */
export const simulate: typeof run = run;
export type * from './testing/index.js';
