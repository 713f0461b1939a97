/** What the parts of a connection may touch of the Duplex above them. */

import type { EventEmitter } from 'node:events';
import type { Server as BuiltinServer } from 'node:net';
import type { Host } from '../../transport/host.js';
import type { AddressInfo } from '../addresses/address_info.js';
import type { DuplexInside } from '../node/stream_state.js';
import type { Profile } from '../profile.js';
import type { kAcceptor, kHost } from '../symbols.js';

export type WriteCallback = (error?: Error | null) => void;

/** The server that counts a connection, as far as the connection knows it. */
export interface CountingServer extends EventEmitter {
  /** Stops accepting; `Server.close`. */
  close(callback?: (error?: Error) => void): this;
  _connections: number;
  _emitCloseIfDrained(): void;
}

export interface DuplexSurface extends DuplexInside {
  _writev(chunks: { chunk: Uint8Array }[], callback: WriteCallback): void;
  _read(): void;
  connecting: boolean;
  readonly bytesRead: number;
  allowHalfOpen: boolean;
  server: BuiltinServer | null;
  [kHost](): Host;
  _connectEnded(status: number): void;
  _onTimeout(): void;
  _getsockname(): Partial<AddressInfo>;
  _getpeername(): Partial<AddressInfo>;
}

/** What a server gives the sockets it accepts. */
export interface ServerDefaults {
  readonly [kAcceptor]: { readonly profile: Profile };
  readonly allowHalfOpen: boolean;
  readonly pauseOnConnect: boolean;
  readonly noDelay: boolean;
  readonly keepAlive: boolean;
  readonly keepAliveInitialDelay: number;
  readonly highWaterMark: number;
}
