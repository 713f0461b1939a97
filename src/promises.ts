/** `barewire/promises`, for CommonJS. */
import net from './index.js';
import type * as T from './net/public_types.js';
import type { ListenPromiseOptions, NetPromises } from './promises/promises.js';
import type { CloseOptions as Close, PromiseServer as Server } from './promises/server.js';

const promises: NetPromises = net.promises;

declare namespace promises {
  /** Addresses, ranges and subnets to keep away from. */
  type BlockList = T.BlockList;
  /** A bound descriptor in search of a server or a socket. */
  type BoundSocket = T.BoundSocket;
  /** An IP address with a port. */
  type SocketAddress = T.SocketAddress;
  /** A TCP or UNIX connection, or a pipe; manual, `net.Socket`. */
  type Socket = T.Socket;
  /** What a promise server's `close(options)` takes. */
  type CloseOptions = Close;
  /** What `listen(options)` of the promises takes. */
  type ListenOptions = ListenPromiseOptions;
  /** A server whose `close` is a promise, and which gives its connections by `for await`. */
  type PromiseServer = Server;
}

export = promises;
