/** `barewire/node`: the node profile, for ES modules; the same objects as CommonJS gets. */

import type { NetModule as Net } from './net/module.js';
import net from './node.js';

export const connect: Net['connect'] = net.connect;
export const createConnection: Net['createConnection'] = net.createConnection;
export const createServer: Net['createServer'] = net.createServer;
export const Server: Net['Server'] = net.Server;
export const Socket: Net['Socket'] = net.Socket;
export const Stream: Net['Stream'] = net.Stream;
export const isIP: Net['isIP'] = net.isIP;
export const isIPv4: Net['isIPv4'] = net.isIPv4;
export const isIPv6: Net['isIPv6'] = net.isIPv6;
export const getDefaultAutoSelectFamily: Net['getDefaultAutoSelectFamily'] =
  net.getDefaultAutoSelectFamily;
export const setDefaultAutoSelectFamily: Net['setDefaultAutoSelectFamily'] =
  net.setDefaultAutoSelectFamily;
export const getDefaultAutoSelectFamilyAttemptTimeout: Net['getDefaultAutoSelectFamilyAttemptTimeout'] =
  net.getDefaultAutoSelectFamilyAttemptTimeout;
export const setDefaultAutoSelectFamilyAttemptTimeout: Net['setDefaultAutoSelectFamilyAttemptTimeout'] =
  net.setDefaultAutoSelectFamilyAttemptTimeout;
export type Socket = net.Socket;
export type Server = net.Server;
export type AddressInfo = net.AddressInfo;
export type ConnectOptions = net.ConnectOptions;
export type ListenOptions = net.ListenOptions;
export type ServerOptions = net.ServerOptions;
export type SocketOptions = net.SocketOptions;
export default net;
