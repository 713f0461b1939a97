/** A server as listening, accepting and its cluster share see it. */
import type { Server as BuiltinServer } from 'node:net';
import type { ServerDefaults } from '../connection/duplex.js';
import type { BlockListLike } from '../options/socket_options.js';
import type { TypedEmitter } from './events.js';

/** What `socket.server` shows of it: the type is the built-in's, so that no circle is needed. */
type Shown = Pick<
  BuiltinServer,
  | 'listen'
  | 'address'
  | 'getConnections'
  | 'ref'
  | 'unref'
  | 'connections'
  | typeof Symbol.asyncDispose
>;

export interface ServerSurface extends TypedEmitter, ServerDefaults, Shown {
  _connections: number;
  _emitCloseIfDrained(): void;
  readonly listening: boolean;
  maxConnections: number;
  dropMaxConnection: boolean | undefined;
  blockList: BlockListLike | undefined;
  _pipeName: string | undefined;
  _connectionKey: string | undefined;
  _listenFailed(error: Error): void;
  close(callback?: (error?: Error) => void): this;
}
