/** `barewire/promises`, for CommonJS. */
import net from './index.js';
import type * as T from './net/public_types.js';
import type { ListenPromiseOptions, NetPromises } from './promises/promises.js';
import type { CloseOptions as Close, PromiseServer as Server } from './promises/server.js';

const promises: NetPromises = net.promises;

declare namespace promises {
  type BlockList = T.BlockList;
  type BoundSocket = T.BoundSocket;
  type SocketAddress = T.SocketAddress;
  type Socket = T.Socket;
  type CloseOptions = Close;
  type ListenOptions = ListenPromiseOptions;
  type PromiseServer = Server;
}

export = promises;
