/** `barewire`: the manual profile, for CommonJS. */
import { chooseNet, isNative } from './fallback/choose.js';
import type { NetModule } from './net/module.js';
import { manualProfile } from './net/profile.js';
import type * as T from './net/public_types.js';
import { makePromises, type NetPromises } from './promises/promises.js';

const made = chooseNet(manualProfile);
const promises = makePromises(made);
// Not spread into a new object: that would ask each getter for its class.
const net: Entry = Object.assign(made, { promises, isNative });

/** What this entry point gives. */
interface Entry extends NetModule {
  /** `connect`, `listen` and `connections` as promises. */
  promises: NetPromises;
  /** Whether this is barewire; false where it can not run, and `net` is the runtime's own. */
  isNative: boolean;
}

declare namespace net {
  type AddressInfo = T.AddressInfo;
  type BlockList = T.BlockList;
  type BoundSocket = T.BoundSocket;
  type BoundSocketOptions = T.BoundSocketOptions;
  type ConnectOptions = T.ConnectOptions;
  type ConnectOpts = T.ConnectOpts;
  type DropArgument = T.DropArgument;
  type IPVersion = T.IPVersion;
  type IpcNetConnectOpts = T.IpcNetConnectOpts;
  type IpcSocketConnectOpts = T.IpcSocketConnectOpts;
  type IterationOptions = T.IterationOptions;
  type KeepAliveOptions = T.KeepAliveOptions;
  type ListenOptions = T.ListenOptions;
  type LookupFunction = T.LookupFunction;
  type NetConnectOpts = T.NetConnectOpts;
  type OnReadOptions = T.OnReadOptions;
  type OnReadOpts = T.OnReadOpts;
  type PathConnectOptions = T.PathConnectOptions;
  type Server = T.Server;
  type ServerEventMap = T.ServerEventMap;
  type ServerEvents = T.ServerEvents;
  type ServerOptions = T.ServerOptions;
  type ServerOpts = T.ServerOpts;
  type Socket = T.Socket;
  type SocketAddress = T.SocketAddress;
  type SocketAddressInitOptions = T.SocketAddressInitOptions;
  type SocketConnectOpts = T.SocketConnectOpts;
  type SocketConstructorOpts = T.SocketConstructorOpts;
  type SocketEventMap = T.SocketEventMap;
  type SocketEvents = T.SocketEvents;
  type SocketOptions = T.SocketOptions;
  type SocketReadyState = T.SocketReadyState;
  type TcpConnectOptions = T.TcpConnectOptions;
  type TcpNetConnectOpts = T.TcpNetConnectOpts;
  type TcpSocketConnectOpts = T.TcpSocketConnectOpts;
}

export = net;
