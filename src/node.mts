/** `barewire/node`: the node profile, for ES modules; the same objects as CommonJS gets. */

import type { NetModule as M } from './net/module.js';
import type * as T from './net/public_types.js';
import net from './node.js';
import type { NetPromises } from './promises/promises.js';

type GetTimeout = M['getDefaultAutoSelectFamilyAttemptTimeout'];
type SetTimeout = M['setDefaultAutoSelectFamilyAttemptTimeout'];

/**
 * Connects to a port, a path or what `options` say, and returns the socket at once; `'connect'` or
 * `'error'` follows. Throws `ERR_SOCKET_BAD_PORT`, `ERR_MISSING_ARGS`, … for bad arguments.
 */
export const connect: M['connect'] = net.connect;
/** The same as `connect`. */
export const createConnection: M['createConnection'] = net.createConnection;
/** Makes a server; `listener` listens for `'connection'`. It listens once `listen` is called. */
export const createServer: M['createServer'] = net.createServer;
/** A TCP or UNIX server; manual, `net.Server`. `new` may be left out. */
export const Server: M['Server'] = net.Server;
/** A TCP or UNIX connection, or a pipe; manual, `net.Socket`. `new` may be left out. */
export const Socket: M['Socket'] = net.Socket;
/** The name that `Socket` had once. */
export const Stream: M['Stream'] = net.Stream;
/** Addresses, ranges and subnets to keep away from; current `net.BlockList`. */
export const BlockList: M['BlockList'] = net.BlockList;
/** An IP address with a port; current `net.SocketAddress`. It does not change. */
export const SocketAddress: M['SocketAddress'] = net.SocketAddress;
/** A bound descriptor in search of a server or a socket; current `net.BoundSocket`. */
export const BoundSocket: M['BoundSocket'] = net.BoundSocket;
/** 4 or 6 for an IP address of that version, 0 for any other text. */
export const isIP: M['isIP'] = net.isIP;
/** Whether it is an IPv4 address in dotted decimal. */
export const isIPv4: M['isIPv4'] = net.isIPv4;
/** Whether it is an IPv6 address. */
export const isIPv6: M['isIPv6'] = net.isIPv6;
/** What `autoSelectFamily` is where `connect` is not told. */
export const getDefaultAutoSelectFamily: M['getDefaultAutoSelectFamily'] =
  net.getDefaultAutoSelectFamily;
/** Sets what `autoSelectFamily` is where `connect` is not told. */
export const setDefaultAutoSelectFamily: M['setDefaultAutoSelectFamily'] =
  net.setDefaultAutoSelectFamily;
/** Milliseconds before the next address is tried, where `connect` is not told. */
export const getDefaultAutoSelectFamilyAttemptTimeout: GetTimeout =
  net.getDefaultAutoSelectFamilyAttemptTimeout;
/** Sets the milliseconds before the next address is tried; less than 10 is 10. */
export const setDefaultAutoSelectFamilyAttemptTimeout: SetTimeout =
  net.setDefaultAutoSelectFamilyAttemptTimeout;
/** `connect`, `listen` and `connections` as promises: `barewire/node/promises`. */
export const promises: NetPromises = net.promises;
/** Arguments of `connect` or `listen` in order: options, and a listener or null. Tracers use it. */
export const _normalizeArgs: M['_normalizeArgs'] = net._normalizeArgs;
/** Whether this is barewire; false where it can not run, and this is the runtime's own `net`. */
export const isNative: boolean = net.isNative;
export type * from './net/public_types.js';
/** Addresses, ranges and subnets to keep away from. */
export type BlockList = T.BlockList;
/** A bound descriptor in search of a server or a socket. */
export type BoundSocket = T.BoundSocket;
/** An IP address with a port. */
export type SocketAddress = T.SocketAddress;
/** A TCP or UNIX server; manual, `net.Server`. */
export type Server = T.Server;
/** A TCP or UNIX connection, or a pipe; manual, `net.Socket`. */
export type Socket = T.Socket;
/** All of the above in one object, as `require` gives it. */
export default net;
