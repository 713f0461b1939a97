/** A socket as connecting, writing, piping and setting see it. */

import type { Connection } from '../connection/connection.js';
import type { CountingServer, DuplexSurface } from '../connection/duplex.js';
import type { LooseHandle } from '../connection/handle.js';
import type { BlockListLike } from '../options/socket_options.js';
import type { kConnection } from '../symbols.js';

export interface SocketSurface extends DuplexSurface {
  [kConnection]: Connection;
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
