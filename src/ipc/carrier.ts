/** Carriers: objects that travel over a channel in place of a socket or server of this package. */

import { uncount } from '../net/connection/counting.js';
import { departDescriptor, duplicateServer, duplicateSocket } from '../net/moving/depart.js';
import { detachDescriptor } from '../net/moving/descriptor.js';
import { isOurServer, isOurSocket } from '../net/moving/ours.js';
import type { ChildSocketList } from '../net/server/worker_list.js';
import { kAcceptor } from '../net/symbols.js';
import type { Server, Socket } from '../node.js';
import { option } from '../util/options.js';
import { builtinServerOf, builtinSocketOf, type NativeHandle } from './foreign.js';

/** Options of `child.send`. */
export interface SendOptions {
  /** Whether the socket stays usable in this process, too. */
  keepOpen?: boolean | undefined;
}

/** A descriptor in a form that `child_process` takes. The carrier owns it until it has arrived. */
export interface Carrier {
  readonly handle: unknown;
  /** Whether the descriptor is closed. */
  readonly done: boolean;
  /** The channel has sent the descriptor. */
  sent(): void;
  /** The channel did not send the descriptor, or it did not arrive. */
  drop(): void;
}

const keys = new WeakMap<Server, string>();
let nextKey = 1;

/**
 * The server of a sent socket, in the form that `child_process` expects. `child_process` counts
 * connections by the server's key. The key here is one of our own, since two servers with the same
 * address (port 0, say) must not share a count.
 */
class CountedServer {
  readonly _connectionKey: string;

  constructor(private readonly server: Server) {
    const key = keys.get(server) ?? `barewire:${process.pid}:${nextKey++}`;
    keys.set(server, key);
    this._connectionKey = key;
  }

  get _connections(): number {
    return this.server._connections;
  }

  set _connections(count: number) {
    this.server._connections = count;
  }

  _setupWorker(list: ChildSocketList): void {
    this.server._setupWorker(list);
  }
}

class SocketCarrier implements Carrier {
  readonly handle: ReturnType<typeof builtinSocketOf>;
  private readonly native: NativeHandle | null;
  private readonly server: Server | null;

  constructor(
    socket: Socket,
    private readonly keepOpen: boolean,
  ) {
    const { server } = socket;
    this.server = keepOpen ? null : (socket._server as Server | null);
    const fd = keepOpen ? detachDescriptor(duplicateSocket(socket)) : departDescriptor(socket);
    this.handle = builtinSocketOf(fd);
    this.native = this.handle._handle;
    this.handle.server = isOurServer(server) ? new CountedServer(server) : server;
    if (!keepOpen) socket._server = null;
  }

  get done(): boolean {
    return this.native === null || this.native.fd < 0;
  }

  sent(): void {
    if (this.keepOpen) this.native?.close();
    else this.server?.[kAcceptor].connectionSent();
  }

  drop(): void {
    // child_process takes the handle out and counts the connection as gone in one step.
    const counted = !this.keepOpen && this.handle._handle !== null;
    this.native?.close();
    if (!counted || this.server === null) return;
    this.handle._handle = null;
    uncount(this.server);
  }
}

class ServerCarrier implements Carrier {
  readonly handle: ReturnType<typeof builtinServerOf>;
  private readonly native: NativeHandle | null;

  constructor(server: Server) {
    this.handle = builtinServerOf(detachDescriptor(duplicateServer(server)));
    this.native = this.handle._handle;
  }

  get done(): boolean {
    return this.native === null || this.native.fd < 0;
  }

  sent(): void {
    this.native?.close();
  }

  drop(): void {
    this.native?.close();
  }
}

/**
 * The carrier for `handle`, or null if it is not of this package.
 * @throws `ERR_SOCKET_CLOSED`, `ERR_SERVER_NOT_RUNNING` if there is no descriptor
 */
export function carrierOf(handle: unknown, options: SendOptions): Carrier | null {
  if (isOurSocket(handle)) return new SocketCarrier(handle, Boolean(option(options, 'keepOpen')));
  return isOurServer(handle) ? new ServerCarrier(handle) : null;
}

/** Whether `handle` is of this package and has nothing to send: closed, or never opened. */
export function isEmpty(handle: unknown): boolean {
  if (isOurSocket(handle)) return handle._handle === null || handle.connecting;
  return isOurServer(handle) && handle[kAcceptor].listener === null;
}
