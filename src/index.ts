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
  /** What `address()` gives for TCP: IP address, family and port. */
  type AddressInfo = T.AddressInfo;
  /** Addresses, ranges and subnets to keep away from. */
  type BlockList = T.BlockList;
  /** A bound descriptor in search of a server or a socket. */
  type BoundSocket = T.BoundSocket;
  /** What `new BoundSocket` takes. */
  type BoundSocketOptions = T.BoundSocketOptions;
  /** What `connect(options)` takes: a host and a port, or a path. */
  type ConnectOptions = T.ConnectOptions;
  /** What `connect` takes besides the target; the name of `@types/node`. */
  type ConnectOpts = T.ConnectOpts;
  /** What a server's `'drop'` event gives; the name of `@types/node`. */
  type DropArgument = T.DropArgument;
  /** The families as `SocketAddress` and `BlockList` name them: `'ipv4'` and `'ipv6'`. */
  type IPVersion = T.IPVersion;
  /** The name that `@types/node` has for `PathConnectOptions`. */
  type IpcNetConnectOpts = T.IpcNetConnectOpts;
  /** The name that `@types/node` has for `PathConnectOptions`. */
  type IpcSocketConnectOpts = T.IpcSocketConnectOpts;
  /** What `connections(server, options)` takes. */
  type IterationOptions = T.IterationOptions;
  /** What `setKeepAlive(options)` takes. */
  type KeepAliveOptions = T.KeepAliveOptions;
  /** What `server.listen(options)` takes. */
  type ListenOptions = T.ListenOptions;
  /** A lookup as `dns.lookup` is one; the `lookup` option. */
  type LookupFunction = T.LookupFunction;
  /** The name that `@types/node` has for `ConnectOptions`. */
  type NetConnectOpts = T.NetConnectOpts;
  /** Reads into one buffer of the program's, without a stream in between; the `onread` option. */
  type OnReadOptions = T.OnReadOptions;
  /** The name that `@types/node` has for `OnReadOptions`. */
  type OnReadOpts = T.OnReadOpts;
  /** What `connect` takes for a UNIX path, or an abstract name that begins with NUL. */
  type PathConnectOptions = T.PathConnectOptions;
  /** A TCP or UNIX server; manual, `net.Server`. */
  type Server = T.Server;
  /** The name that `@types/node` has for `ServerEvents`. */
  type ServerEventMap = T.ServerEventMap;
  /** A server's events, and what their listeners are called with. */
  type ServerEvents = T.ServerEvents;
  /** What `createServer(options)` takes. */
  type ServerOptions = T.ServerOptions;
  /** The name that `@types/node` has for `ServerOptions`. */
  type ServerOpts = T.ServerOpts;
  /** A TCP or UNIX connection, or a pipe; manual, `net.Socket`. */
  type Socket = T.Socket;
  /** An IP address with a port. */
  type SocketAddress = T.SocketAddress;
  /** What `new SocketAddress` takes. */
  type SocketAddressInitOptions = T.SocketAddressInitOptions;
  /** The name that `@types/node` has for `ConnectOptions`. */
  type SocketConnectOpts = T.SocketConnectOpts;
  /** The name that `@types/node` has for `SocketOptions`. */
  type SocketConstructorOpts = T.SocketConstructorOpts;
  /** The name that `@types/node` has for `SocketEvents`. */
  type SocketEventMap = T.SocketEventMap;
  /** A socket's events, and what their listeners are called with. */
  type SocketEvents = T.SocketEvents;
  /** What `new Socket(options)` takes. */
  type SocketOptions = T.SocketOptions;
  /** What `socket.readyState` says. */
  type SocketReadyState = T.SocketReadyState;
  /** What `connect` takes for a host and a port. */
  type TcpConnectOptions = T.TcpConnectOptions;
  /** The name that `@types/node` has for `TcpConnectOptions`. */
  type TcpNetConnectOpts = T.TcpNetConnectOpts;
  /** The name that `@types/node` has for `TcpConnectOptions`. */
  type TcpSocketConnectOpts = T.TcpSocketConnectOpts;
}

export = net;
