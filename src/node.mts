/** `barewire/node`: the node profile, for ES modules; the same objects as CommonJS gets. */

import type { NetModule as M } from './net/module.js';
import type * as T from './net/public_types.js';
import net from './node.js';
import type { NetPromises } from './promises/promises.js';

type GetTimeout = M['getDefaultAutoSelectFamilyAttemptTimeout'];
type SetTimeout = M['setDefaultAutoSelectFamilyAttemptTimeout'];

export const connect: M['connect'] = net.connect;
export const createConnection: M['createConnection'] = net.createConnection;
export const createServer: M['createServer'] = net.createServer;
export const Server: M['Server'] = net.Server;
export const Socket: M['Socket'] = net.Socket;
export const Stream: M['Stream'] = net.Stream;
export const BlockList: M['BlockList'] = net.BlockList;
export const SocketAddress: M['SocketAddress'] = net.SocketAddress;
export const BoundSocket: M['BoundSocket'] = net.BoundSocket;
export const isIP: M['isIP'] = net.isIP;
export const isIPv4: M['isIPv4'] = net.isIPv4;
export const isIPv6: M['isIPv6'] = net.isIPv6;
export const getDefaultAutoSelectFamily: M['getDefaultAutoSelectFamily'] =
  net.getDefaultAutoSelectFamily;
export const setDefaultAutoSelectFamily: M['setDefaultAutoSelectFamily'] =
  net.setDefaultAutoSelectFamily;
export const getDefaultAutoSelectFamilyAttemptTimeout: GetTimeout =
  net.getDefaultAutoSelectFamilyAttemptTimeout;
export const setDefaultAutoSelectFamilyAttemptTimeout: SetTimeout =
  net.setDefaultAutoSelectFamilyAttemptTimeout;
export const _normalizeArgs: M['_normalizeArgs'] = net._normalizeArgs;
export const promises: NetPromises = net.promises;
export type * from './net/public_types.js';
export type BlockList = T.BlockList;
export type BoundSocket = T.BoundSocket;
export type SocketAddress = T.SocketAddress;
export type Server = T.Server;
export type Socket = T.Socket;
export default net;
