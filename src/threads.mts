/** `barewire/threads` for ES modules; the same objects as CommonJS gets. */
import * as threads from './threads.js';

export type { HandleListener, HandlePort } from './threads.js';

/** Sends a message with a socket or a server to another thread, which gets both by `onHandle`. */
export const postHandle: typeof threads.postHandle = threads.postHandle;
/** Calls back with each message that came with a handle; returns what stops that. */
export const onHandle: typeof threads.onHandle = threads.onHandle;
/** Whether this is barewire; false where it can not run, and calls throw. */
export const isNative: typeof threads.isNative = threads.isNative;
