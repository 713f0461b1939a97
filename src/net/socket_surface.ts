/** A socket as connecting, writing, piping and setting see it. */
import type { CountingServer, DuplexSurface } from './duplex.js';
import type { LooseHandle } from './handle.js';
import type { kCore } from './internals.js';
import type { SocketCore } from './socket_core.js';
import type { BlockListLike } from './socket_types.js';

export interface SocketSurface extends DuplexSurface {
  [kCore]: SocketCore;
  _host: string | null;
  _aborted: boolean;
  _server: CountingServer | null;
  _handle: LooseHandle | null;
  _undestroy(): void;
  timeout: number | undefined;
  setTimeout(timeoutMs: number): this;
  unref(): this;
  blockList: BlockListLike | undefined;
  autoSelectFamilyAttemptedAddresses: string[];
}
