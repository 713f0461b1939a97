/** A server as listening, accepting and its cluster share see it. */
import type { ServerDefaults } from '../connection/duplex.js';
import type { BlockListLike } from '../options/socket_options.js';
import type { TypedEmitter } from './events.js';

export interface ServerSurface extends TypedEmitter, ServerDefaults {
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
