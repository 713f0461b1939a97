/** One simulated machine, which runs one program: its addresses, names, ports and descriptors. */
import { errno } from '../../../util/system_error.js';
import type { Prng } from '../chance/prng.js';
import { Epoll } from '../files/epoll.js';
import type { SimFile } from '../files/file.js';
import { Names } from '../files/names.js';
import { Ports } from '../files/ports.js';
import type { BufferSizes } from '../files/socket_options.js';
import { type TcpMachine, TcpSocket } from '../files/tcp.js';
import type { UnixMachine, UnixSocket } from '../files/unix.js';
import type { Network } from '../network/network.js';

/** The numbers below this are those of the standard streams. */
const FD_FIRST = 3;
const FD_LIMIT = 1_024;

export class SimMachine implements TcpMachine, UnixMachine {
  readonly ports: Ports;
  readonly names = new Names<UnixSocket>();
  /** How many descriptors the program may have; RLIMIT_NOFILE. */
  descriptorsMax = FD_LIMIT;
  readonly pid: number;
  /** The sizes of its sockets' buffers. Linux's defaults hold for those that are left out. */
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

  /** The listener that gets a connection to `to`; one by chance if several share the port. */
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

  /** Whether the program has as many descriptors as it may have. */
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

  /** Frees a number. The description ends when its last reference goes. */
  uninstall(fd: number): number {
    const file = this.files[fd];
    if (file === undefined) return -errno.EBADF;
    this.files[fd] = undefined;
    file.release();
    return 0;
  }

  /** The open descriptors, without those of epoll. */
  openDescriptors(): number[] {
    const open: number[] = [];
    for (const [fd, file] of this.files.entries()) {
      if (file !== undefined && !(file instanceof Epoll)) open.push(fd);
    }
    return open;
  }

  /** Breaks the TCP connections to `other`, or all if it is null. Returns how many broke. */
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
