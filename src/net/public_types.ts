/** Every public type under the name that users know it by: our own, and those of `@types/node`. */
import type { LookupOptions } from 'node:dns';
import type { Lookup } from '../dial/target.js';
import type { AddressInfo } from './addresses/address_info.js';
import type { BlockList } from './addresses/block_list.js';
import type { BoundSocket, BoundSocketOptions } from './addresses/bound_socket.js';
import type {
  IPVersion,
  SocketAddress,
  SocketAddressInitOptions,
} from './addresses/socket_address.js';
import type { DropInfo, ListenOptions, ServerOptions } from './options/server_options.js';
import type {
  ConnectOptions,
  OnReadOptions,
  PathConnectOptions,
  SocketOptions,
  TcpConnectOptions,
} from './options/socket_options.js';
import type { IterationOptions } from './server/connection_iterator.js';
import type { ServerEvents } from './server/events.js';
import type { Server } from './server/server.js';
import type { SocketEvents } from './socket/events.js';
import type { KeepAliveOptions } from './socket/set_options.js';
import type { Socket } from './socket/socket.js';

export type {
  AddressInfo,
  BlockList,
  BoundSocket,
  BoundSocketOptions,
  ConnectOptions,
  IPVersion,
  IterationOptions,
  KeepAliveOptions,
  ListenOptions,
  OnReadOptions,
  PathConnectOptions,
  Server,
  ServerEvents,
  ServerOptions,
  Socket,
  SocketAddress,
  SocketAddressInitOptions,
  SocketEvents,
  SocketOptions,
  TcpConnectOptions,
};

/** A lookup as `dns.lookup` is one; the `lookup` option. */
export type LookupFunction = (
  hostname: string,
  options: LookupOptions,
  callback: Parameters<Lookup>[2],
) => void;

/** `socket.readyState`. */
export type SocketReadyState = Socket['readyState'];

/** What `connect` takes besides the target. */
export interface ConnectOpts {
  /** Reads into a buffer of yours, in place of `'data'`. */
  onread?: OnReadOptions | undefined;
}

/** The name that `@types/node` has for `OnReadOptions`. */
export type OnReadOpts = OnReadOptions;
/** The name that `@types/node` has for `SocketOptions`. */
export type SocketConstructorOpts = SocketOptions;
/** The name that `@types/node` has for `TcpConnectOptions`. */
export type TcpSocketConnectOpts = TcpConnectOptions;
/** The name that `@types/node` has for `PathConnectOptions`. */
export type IpcSocketConnectOpts = PathConnectOptions;
/** The name that `@types/node` has for `ConnectOptions`. */
export type SocketConnectOpts = ConnectOptions;
/** The name that `@types/node` has for `TcpConnectOptions`. */
export type TcpNetConnectOpts = TcpConnectOptions;
/** The name that `@types/node` has for `PathConnectOptions`. */
export type IpcNetConnectOpts = PathConnectOptions;
/** The name that `@types/node` has for `ConnectOptions`. */
export type NetConnectOpts = ConnectOptions;
/** The name that `@types/node` has for `ServerOptions`. */
export type ServerOpts = ServerOptions;
/** The name that `@types/node` has for `DropInfo`. */
export type DropArgument = DropInfo;
/** The name that `@types/node` has for `SocketEvents`. */
export type SocketEventMap = SocketEvents;
/** The name that `@types/node` has for `ServerEvents`. */
export type ServerEventMap = ServerEvents;
