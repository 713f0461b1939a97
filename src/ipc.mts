/** `barewire/ipc` for ES modules; the same objects as CommonJS gets. */
import * as ipc from './ipc.js';

export type { Channel, SendOptions } from './ipc.js';

/** Sends a message with a socket or server to another process, as `child.send` does. */
export const sendHandle: typeof ipc.sendHandle = ipc.sendHandle;
/** The socket or server for the handle that a `'message'` event gave. */
export const receive: typeof ipc.receive = ipc.receive;
/** From here on `child.send` and `'message'` events take and give sockets of this package. */
export const install: typeof ipc.install = ipc.install;
/** Whether this is barewire; false where it can not run, and calls throw. */
export const isNative: typeof ipc.isNative = ipc.isNative;
