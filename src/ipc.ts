/**
 * `barewire/ipc`: sockets and servers between processes. With the register hook `child.send` does
 * all this by itself; without it, this is the explicit way.
 */

import { refuseElsewhere } from './fallback/announce.js';
import { isNative } from './fallback/choose.js';
import { installIpc } from './ipc/install.js';
import { receiveHandle } from './ipc/receive.js';
import type { NetModule } from './net/module.js';
import { leaveUnreadToKernel } from './net/moving/depart.js';
import type { Server, Socket } from './node.js';
import net from './node.js';

// Who loads this may send any connection, also over a channel that `install` knows nothing of.
if (isNative) leaveUnreadToKernel();

export { type Channel, type SendOptions, sendHandle } from './ipc/send.js';
export { isNative };

/**
 * The socket or server of this package for the handle that a `'message'` event gave; it takes the
 * connection over. Anything that is no socket or server is returned as it is.
 */
export function receive(handle: unknown): Socket | Server | unknown {
  refuseElsewhere('receive()');
  return receiveHandle(handle, net);
}

/**
 * From here on `child.send`, `process.send`, `spawn`'s `stdio` and `'message'` events of this
 * process take and give sockets and servers of this package. Children made before are left alone.
 * @param module whose `Server` a received server is; `require('barewire/node')` by default
 */
export function install(module: NetModule = net): void {
  refuseElsewhere('install()');
  installIpc(module);
}
