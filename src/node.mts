/** `barewire/node`: the node profile, for ES modules; the same objects as CommonJS gets. */

import type { NetModule as M } from './net/module.js';
import net from './node.js';

type GetTimeout = M['getDefaultAutoSelectFamilyAttemptTimeout'];
type SetTimeout = M['setDefaultAutoSelectFamilyAttemptTimeout'];

export const connect: M['connect'] = net.connect;
export const createConnection: M['createConnection'] = net.createConnection;
export const createServer: M['createServer'] = net.createServer;
export const Server: M['Server'] = net.Server;
export const Socket: M['Socket'] = net.Socket;
export const Stream: M['Stream'] = net.Stream;
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
export type Socket = net.Socket;
export type Server = net.Server;
export type AddressInfo = net.AddressInfo;
export type ConnectOptions = net.ConnectOptions;
export type ListenOptions = net.ListenOptions;
export type ServerOptions = net.ServerOptions;
export type SocketOptions = net.SocketOptions;
export default net;
