/** `barewire/promises`, for ES modules; the same objects as CommonJS gets. */

import type { NetPromises as P } from './promises/promises.js';
import promises from './promises.js';

/** Fulfils with the socket once it is connected; rejects with what `'error'` would have given. */
export const connect: P['connect'] = promises.connect;
/** Makes a server and fulfils once it listens; rejects with what `'error'` would have given. */
export const listen: P['listen'] = promises.listen;
/** `for await (const socket of connections(server, { signal }))`. */
export const connections: P['connections'] = promises.connections;
/** Addresses, ranges and subnets to keep away from; current `net.BlockList`. */
export const BlockList: P['BlockList'] = promises.BlockList;
/** A bound descriptor in search of a server or a socket; current `net.BoundSocket`. */
export const BoundSocket: P['BoundSocket'] = promises.BoundSocket;
/** An IP address with a port; current `net.SocketAddress`. It does not change. */
export const SocketAddress: P['SocketAddress'] = promises.SocketAddress;
/** 4 or 6 for an IP address of that version, 0 for any other text. */
export const isIP: P['isIP'] = promises.isIP;
/** Whether it is an IPv4 address in dotted decimal. */
export const isIPv4: P['isIPv4'] = promises.isIPv4;
/** Whether it is an IPv6 address. */
export const isIPv6: P['isIPv6'] = promises.isIPv6;
/** Whether this is barewire; false where it can not run, on the runtime's own `net`. */
export const isNative: boolean = promises.isNative;
/** Addresses, ranges and subnets to keep away from. */
export type BlockList = promises.BlockList;
/** A bound descriptor in search of a server or a socket. */
export type BoundSocket = promises.BoundSocket;
/** An IP address with a port. */
export type SocketAddress = promises.SocketAddress;
/** A TCP or UNIX connection, or a pipe; manual, `net.Socket`. */
export type Socket = promises.Socket;
/** What a promise server's `close(options)` takes. */
export type CloseOptions = promises.CloseOptions;
/** What `listen(options)` of the promises takes. */
export type ListenOptions = promises.ListenOptions;
/** A server whose `close` is a promise, and which gives its connections by `for await`. */
export type PromiseServer = promises.PromiseServer;
/** All of the above in one object, as `require` gives it. */
export default promises;
