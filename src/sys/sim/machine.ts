/** One simulated machine with one program on it: its addresses, names and descriptors. */
import { errno } from '../../util/system_error.js';
import { Epoll } from './epoll.js';
import type { SimFile } from './file.js';
import { Names } from './names.js';
import type { Machine, Network } from './network.js';
import { Ports } from './ports.js';
import type { Prng } from './prng.js';
import { TcpSocket } from './tcp.js';

/** The program's standard streams have the numbers below this. */
const FD_FIRST = 3;
const FD_LIMIT = 1_024;

/** How much a socket's kernel buffers hold; any size, as small as a byte. */
export interface BufferSizes {
  readonly sendBytes?: number | undefined;
  readonly receiveBytes?: number | undefined;
}

export class SimMachine implements Machine {
  readonly ports: Ports;
  readonly names = new Names();
  /** How many descriptors the program may have; RLIMIT_NOFILE. */
  descriptorsMax = FD_LIMIT;
  readonly pid: number;
  /** The buffers of its sockets, where they are not Linux's defaults. */
  buffers: BufferSizes = {};
  private readonly files: (SimFile | undefined)[] = [];

  constructor(
    readonly name: string,
    readonly addresses: readonly string[],
    readonly network: Network,
    readonly random: Prng,
    private readonly all: readonly SimMachine[],
  ) {
    this.ports = new Ports(random);
    this.pid = 1_000 + all.length;
  }

  /** The machine that `ip` leads to. */
  find(ip: string): SimMachine | undefined {
    return this.network.find(this, ip, this.all);
  }

  makeTcp(family: number): TcpSocket {
    const socket = new TcpSocket(this, family);
    socket.options.resize(this.buffers);
    return socket;
  }

  /** Who gets a connection to `to`; several share a port with SO_REUSEPORT. */
  listenerFor(to: { ip: string; port: number }): TcpSocket | undefined {
    const listeners = this.ports.listeners(to);
    if (listeners.length === 0) return undefined;
    const chosen = this.random.pick(listeners);
    return chosen instanceof TcpSocket ? chosen : undefined;
  }

  /** The description behind a descriptor. */
  file(fd: number): SimFile | undefined {
    return this.files[fd];
  }

  /** Whether no number is left. */
  get full(): boolean {
    for (let fd = FD_FIRST; fd < this.descriptorsMax; fd++) {
      if (this.files[fd] === undefined) return false;
    }
    return true;
  }

  /** A descriptor for `file`: the lowest free number, or -EMFILE. */
  install(file: SimFile): number {
    let fd = FD_FIRST;
    while (this.files[fd] !== undefined) fd++;
    if (fd >= this.descriptorsMax) return -errno.EMFILE;
    file.hold();
    this.files[fd] = file;
    return fd;
  }

  /** Takes a number out of use; the description ends with its last reference. */
  uninstall(fd: number): number {
    const file = this.files[fd];
    if (file === undefined) return -errno.EBADF;
    this.files[fd] = undefined;
    file.release();
    return 0;
  }

  /** What is open, epoll descriptors left out. */
  openDescriptors(): number[] {
    const open: number[] = [];
    for (const [fd, file] of this.files.entries()) {
      if (file !== undefined && !(file instanceof Epoll)) open.push(fd);
    }
    return open;
  }

  /** Breaks all TCP connections that lead to `other`, or all. Returns how many. */
  resetConnections(other: SimMachine | null): number {
    let broken = 0;
    for (const file of this.files) {
      if (!(file instanceof TcpSocket)) continue;
      if (other !== null && file.peer?.machine !== other) continue;
      if (file.breakOff()) broken++;
    }
    return broken;
  }
}
