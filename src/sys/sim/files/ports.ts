/** The TCP ports of a machine, and the sockets that are bound to them. */
import { isIPv4 } from '../../../util/ip.js';
import { errno } from '../../../util/system_error.js';
import type { Prng } from '../chance/prng.js';
import { constants } from '../constants.js';
import { ANY_4, ANY_6, type Endpoint } from '../network/endpoint.js';
import type { SocketOptions } from './socket_options.js';

const EPHEMERAL_FIRST = 32_768;
const EPHEMERAL_LAST = 60_999;
/** So many random ports are tried before the range is gone through in order. */
const TRIES = 16;

export interface PortOwner {
  readonly local: Endpoint | null;
  readonly listening: boolean;
  readonly family: number;
  readonly options: SocketOptions;
}

function takesV4(owner: PortOwner): boolean {
  return owner.family === constants.AF_INET || !owner.options.v6Only;
}

/** Whether an owner that is bound to `bound` gets connections to `ip`. */
function covers(owner: PortOwner, bound: string, ip: string): boolean {
  if (bound === ip) return true;
  if (bound === ANY_4) return isIPv4(ip);
  return bound === ANY_6 && (!isIPv4(ip) || takesV4(owner));
}

export class Ports {
  private readonly owners = new Map<number, Set<PortOwner>>();

  constructor(private readonly random: Prng) {}

  /** Enters `owner` for `wanted`. Returns the endpoint (port 0 replaced), or -errno. */
  bind(owner: PortOwner, wanted: Endpoint): Endpoint | number {
    const port = wanted.port === 0 ? this.freePort() : wanted.port;
    if (port < 0) return port;
    for (const other of this.owners.get(port) ?? []) {
      if (this.conflict(owner, wanted.ip, other)) return -errno.EADDRINUSE;
    }
    const set = this.owners.get(port) ?? new Set();
    this.owners.set(port, set.add(owner));
    return { ip: wanted.ip, port };
  }

  private conflict(owner: PortOwner, ip: string, other: PortOwner): boolean {
    const { local } = other;
    if (other === owner || local === null) return false;
    if (!covers(owner, ip, local.ip) && !covers(other, local.ip, ip)) return false;
    if (this.both(owner, other, constants.SO_REUSEPORT)) return false;
    return other.listening || !this.both(owner, other, constants.SO_REUSEADDR);
  }

  private both(a: PortOwner, b: PortOwner, name: number): boolean {
    const { SOL_SOCKET } = constants;
    return a.options.flag(SOL_SOCKET, name) && b.options.flag(SOL_SOCKET, name);
  }

  private freePort(): number {
    for (let i = 0; i < TRIES; i++) {
      const port = this.random.between(EPHEMERAL_FIRST, EPHEMERAL_LAST);
      if (!this.owners.has(port)) return port;
    }
    for (let port = EPHEMERAL_FIRST; port <= EPHEMERAL_LAST; port++) {
      if (!this.owners.has(port)) return port;
    }
    return -errno.EADDRINUSE;
  }

  /** Whether another socket listens on the port and address of `owner`. */
  taken(owner: PortOwner): boolean {
    const { local } = owner;
    if (local === null) return false;
    for (const other of this.owners.get(local.port) ?? []) {
      if (other.listening && this.conflict(owner, local.ip, other)) return true;
    }
    return false;
  }

  release(owner: PortOwner): void {
    const port = owner.local?.port;
    const set = port === undefined ? undefined : this.owners.get(port);
    if (port === undefined || set === undefined) return;
    set.delete(owner);
    if (set.size === 0) this.owners.delete(port);
  }

  /** The listeners for a connection to `to`: those on the exact address, else those on "any". */
  listeners(to: Endpoint): PortOwner[] {
    const all = [...(this.owners.get(to.port) ?? [])].filter(({ listening }) => listening);
    const exact = all.filter(({ local }) => local?.ip === to.ip);
    if (exact.length > 0) return exact;
    return all.filter((one) => one.local !== null && covers(one, one.local.ip, to.ip));
  }
}
