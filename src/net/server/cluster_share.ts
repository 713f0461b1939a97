/**
 * Listening in a `cluster` worker: the primary owns the port, and either hands connections over
 * one by one (round robin) or shares the listening descriptor. This speaks cluster's own protocol
 * through `cluster._getServer`, so a primary that runs the built-in `net` serves ours as well.
 */
import { option } from '../../util/options.js';
import { errno } from '../../util/system_error.js';
import type { AddressInfo } from '../addresses/address_info.js';
import type { ServerSurface as Server } from './surface.js';

/** What is asked of the primary. */
export interface ListenQuery {
  address: string | null;
  port: number;
  addressType: number;
  fd: number | undefined;
  flags: number;
  backlog: number;
  readableAll?: boolean | undefined;
  writableAll?: boolean | undefined;
}

/** A connection as the primary hands it over: a handle of the built-in's. */
export interface NativeHandle {
  readonly fd: number;
  close(callback?: () => void): void;
}

/** What cluster gives: a real handle (with `fd`) to share, or a stand-in for the primary's. */
export interface ClusterHandle {
  readonly fd?: number;
  onconnection?: (error: number, connection: NativeHandle) => void;
  close(callback?: () => void): void;
  listen(backlog: number): number;
  getsockname?(into: Partial<AddressInfo>): number;
  ref?(): void;
  unref?(): void;
}

interface ClusterModule {
  readonly isPrimary: boolean;
  _getServer?(
    server: Server,
    query: ListenQuery,
    callback: (error: number, handle: ClusterHandle | null) => void,
  ): void;
}

/** The cluster module where this process is a worker of one, else null. */
export function workerCluster(): ClusterModule | null {
  // Only a process with a channel can be one; others never load the module.
  if (process.channel === undefined) return null;
  const cluster = require('node:cluster') as ClusterModule;
  return cluster.isPrimary || cluster._getServer === undefined ? null : cluster;
}

let ownerSymbol: symbol | null = null;

/**
 * Under which Node notes on a handle whose it is. Cluster looks there for the server to close when
 * the worker disconnects, and for whether a server has as many connections as it wants.
 */
function ownerKey(): symbol {
  if (ownerSymbol === null) {
    const probe = {};
    const { Socket } = require('node:net') as typeof import('node:net');
    const options = { handle: probe, readable: false, writable: false };
    Reflect.construct(Socket, [options]);
    const found = Object.getOwnPropertySymbols(probe).find((s) => s.description === 'owner_symbol');
    ownerSymbol = found ?? Symbol('owner');
  }
  return ownerSymbol;
}

/** A place in the primary's list of who serves a port. */
export class ClusterShare {
  constructor(private readonly handle: ClusterHandle) {}

  /** The listening descriptor where it is shared, or -1 where the primary accepts. */
  get fd(): number {
    return this.handle.fd ?? -1;
  }

  /** Says which server it is whose connections come here. */
  serve(server: Server): void {
    const owner = {
      close: (done: () => void) => server.close(done),
      /** Later versions of Node's cluster look at `dropMaxConnection` by themselves. */
      get maxConnections() {
        const drops = option(server, 'dropMaxConnection');
        return drops ? undefined : option(server, 'maxConnections');
      },
      get _connections() {
        return server._connections;
      },
    };
    Object.assign(this.handle, { [ownerKey()]: owner });
  }

  ref(): void {
    this.handle.ref?.();
  }

  unref(): void {
    this.handle.unref?.();
  }

  address(): AddressInfo | null {
    const into: Partial<AddressInfo> = {};
    const status = this.handle.getsockname?.(into) ?? -1;
    const { address, family, port } = into;
    if (status !== 0 || address === undefined || port === undefined) return null;
    return { address, family: family ?? 'IPv4', port };
  }

  /**
   * 0, or -EADDRINUSE where a shared descriptor is not bound to the port: the primary's bind(2)
   * failed, and libuv would say so only when it listens.
   */
  bound(port: number): number {
    if (this.fd < 0 || port <= 0 || this.handle.getsockname === undefined) return 0;
    return this.address()?.port === port ? 0 : -errno.EADDRINUSE;
  }

  /** Takes connections that the primary accepted. */
  accept(onConnection: (connection: NativeHandle) => void): void {
    this.handle.onconnection = (error, connection) => {
      if (error === 0) onConnection(connection);
    };
  }

  listen(backlog: number): number {
    return this.handle.listen(backlog);
  }

  close(): void {
    this.handle.close();
  }
}
