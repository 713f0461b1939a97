/** `barewire/promises`, for ES modules; the same objects as CommonJS gets. */

import type { NetPromises as P } from './promises/promises.js';
import promises from './promises.js';

export const connect: P['connect'] = promises.connect;
export const listen: P['listen'] = promises.listen;
export const connections: P['connections'] = promises.connections;
export const BlockList: P['BlockList'] = promises.BlockList;
export const BoundSocket: P['BoundSocket'] = promises.BoundSocket;
export const SocketAddress: P['SocketAddress'] = promises.SocketAddress;
export const isIP: P['isIP'] = promises.isIP;
export const isIPv4: P['isIPv4'] = promises.isIPv4;
export const isIPv6: P['isIPv6'] = promises.isIPv6;
/** Whether this is barewire; false where it can not run, on the runtime's own `net`. */
export const isNative: boolean = promises.isNative;
export type BlockList = promises.BlockList;
export type BoundSocket = promises.BoundSocket;
export type SocketAddress = promises.SocketAddress;
export type Socket = promises.Socket;
export type CloseOptions = promises.CloseOptions;
export type ListenOptions = promises.ListenOptions;
export type PromiseServer = promises.PromiseServer;
export default promises;
