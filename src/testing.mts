/** `barewire/testing`, for ES modules; the same objects as CommonJS gets. */
import { simulate as run } from './testing/index.js';

export const simulate: typeof run = run;
export type * from './testing/index.js';
