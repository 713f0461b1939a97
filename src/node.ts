/** `barewire/node`: the node profile, for CommonJS. */
import type { AddressInfo as Info } from './net/address.js';
import { makeNet, type NetModule } from './net/module.js';
import { nodeProfile } from './net/profile.js';
import type { Server as ServerType } from './net/server.js';
import type { ServerOptions as ForServer, ListenOptions as Listen } from './net/server_types.js';
import type { Socket as SocketType } from './net/socket.js';
import type { ConnectOptions as Connect, SocketOptions as ForSocket } from './net/socket_types.js';

const net: NetModule = makeNet(nodeProfile);

declare namespace net {
  type Socket = SocketType;
  type Server = ServerType;
  type AddressInfo = Info;
  type ConnectOptions = Connect;
  type ListenOptions = Listen;
  type ServerOptions = ForServer;
  type SocketOptions = ForSocket;
}

export = net;
