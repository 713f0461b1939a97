/** Every public type under the name that users know it by: our own, and those of `@types/node`. */
import type { LookupOptions } from 'node:dns';
import type { Lookup } from '../dial/target.js';
import type { AddressInfo } from './address.js';
import type { BlockList } from './block_list.js';
import type { BoundSocket, BoundSocketOptions } from './bound_socket.js';
import type { IterationOptions } from './connection_iterator.js';
import type { Server } from './server.js';
import type { DropInfo, ListenOptions, ServerOptions } from './server_types.js';
import type { Socket } from './socket.js';
import type { IPVersion, SocketAddress, SocketAddressInitOptions } from './socket_address.js';
import type { KeepAliveOptions } from './socket_options.js';
import type {
  ConnectOptions,
  OnReadOptions,
  PathConnectOptions,
  SocketOptions,
  TcpConnectOptions,
} from './socket_types.js';
import type { ServerEvents, SocketEvents } from './typed_events.js';

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
  onread?: OnReadOptions | undefined;
}

export type OnReadOpts = OnReadOptions;
export type SocketConstructorOpts = SocketOptions;
export type TcpSocketConnectOpts = TcpConnectOptions;
export type IpcSocketConnectOpts = PathConnectOptions;
export type SocketConnectOpts = ConnectOptions;
export type TcpNetConnectOpts = TcpConnectOptions;
export type IpcNetConnectOpts = PathConnectOptions;
export type NetConnectOpts = ConnectOptions;
export type ServerOpts = ServerOptions;
export type DropArgument = DropInfo;
export type SocketEventMap = SocketEvents;
export type ServerEventMap = ServerEvents;
