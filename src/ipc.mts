/** `barewire/ipc` for ES modules; the same objects as CommonJS gets. */
import * as ipc from './ipc.js';

export type { Channel, SendOptions } from './ipc.js';

export const sendHandle: typeof ipc.sendHandle = ipc.sendHandle;
export const receive: typeof ipc.receive = ipc.receive;
export const install: typeof ipc.install = ipc.install;
export const isNative: typeof ipc.isNative = ipc.isNative;
