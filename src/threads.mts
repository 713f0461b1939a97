/** `barewire/threads` for ES modules; the same objects as CommonJS gets. */
import * as threads from './threads.js';

export type { HandlePort } from './threads.js';

export const postHandle: typeof threads.postHandle = threads.postHandle;
export const onHandle: typeof threads.onHandle = threads.onHandle;
export const isNative: typeof threads.isNative = threads.isNative;
