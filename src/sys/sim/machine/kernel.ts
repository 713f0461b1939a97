/** The kernel interface over one simulated machine. */
import { errno } from '../../../util/system_error.js';
import type { Kernel, KernelAddress } from '../../kernel.js';
import { constants } from '../constants.js';
import { lengthOf } from '../files/bytes.js';
import type { SimFile } from '../files/file.js';
import { PipeEnd } from '../files/pipe.js';
import type { SimSocket } from '../files/socket.js';
import { UnixSocket } from '../files/unix.js';
import { DescriptorTable } from './descriptor_table.js';

/** The most that one splice(2) moves: the size of a pipe. */
const SPLICE_BYTES = 65_536;

/** The first `count` chunks without their first `skip` bytes, in CHUNKS_MAX parts at most. */
function gather(chunks: readonly Uint8Array[], count: number, skip: number): Uint8Array[] {
  const parts: Uint8Array[] = [];
  let left = skip;
  for (let i = 0; i < count && parts.length < constants.CHUNKS_MAX; i++) {
    const chunk = chunks[i];
    if (chunk === undefined) break;
    if (left >= chunk.length) {
      left -= chunk.length;
      continue;
    }
    parts.push(chunk.subarray(left));
    left = 0;
  }
  return parts;
}

/** The first `length` bytes of `parts`. */
function upTo(parts: readonly Uint8Array[], length: number): Uint8Array[] {
  const kept: Uint8Array[] = [];
  let left = length;
  for (const part of parts) {
    if (left <= 0) break;
    kept.push(part.subarray(0, left));
    left -= part.length;
  }
  return kept;
}

export class SimKernel extends DescriptorTable implements Kernel {
  socket(family: number, type: number, _protocol: number): number {
    const { AF_INET, AF_INET6, AF_UNIX, SOCK_STREAM } = constants;
    return this.call('socket', family, () => {
      if (family !== AF_INET && family !== AF_INET6 && family !== AF_UNIX) {
        return -errno.EAFNOSUPPORT;
      }
      if (type !== SOCK_STREAM) return -errno.EPROTONOSUPPORT;
      const unix = family === AF_UNIX;
      return this.enter(unix ? new UnixSocket(this.machine) : this.machine.makeTcp(family));
    });
  }

  socketpair(family: number, type: number, into: number[]): number {
    return this.call('socketpair', family, () => {
      if (family !== constants.AF_UNIX) return -errno.EOPNOTSUPP;
      if (type !== constants.SOCK_STREAM) return -errno.EPROTONOSUPPORT;
      const first = new UnixSocket(this.machine);
      const second = new UnixSocket(this.machine);
      first.join(second);
      return this.enterPair(first, second, into);
    });
  }

  pipe(into: number[]): number {
    return this.call('pipe', '', () => this.enterPair(...PipeEnd.pair(), into));
  }

  private wrongFamily(socket: SimSocket, family: number): number {
    if (socket.family === family) return 0;
    return socket.family === constants.AF_INET ? -errno.EAFNOSUPPORT : -errno.EINVAL;
  }

  bind(fd: number, family: number, address: string, port: number): number {
    return this.call('bind', `${fd} ${address}:${port}`, () =>
      this.withSocket(
        fd,
        'bind',
        (socket) => this.wrongFamily(socket, family) || socket.bind(address, port),
      ),
    );
  }

  connect(fd: number, family: number, address: string, port: number): number {
    return this.call('connect', `${fd} ${address}:${port}`, () =>
      this.withSocket(
        fd,
        'connect',
        (socket) => this.wrongFamily(socket, family) || socket.connect(address, port),
      ),
    );
  }

  listen(fd: number, backlog: number): number {
    return this.call('listen', fd, () =>
      this.withSocket(fd, 'listen', (socket) => socket.listen(backlog)),
    );
  }

  accept(fd: number): number {
    return this.call('accept', fd, () =>
      this.withSocket(fd, 'accept', (socket) => {
        if (socket.listening && this.machine.full) return -errno.EMFILE;
        const accepted = socket.accept();
        if (typeof accepted === 'number') return accepted;
        const entered = this.enter(accepted);
        if (accepted instanceof UnixSocket) accepted.unqueue();
        return entered;
      }),
    );
  }

  shutdown(fd: number, how: number): number {
    const status = this.withSocket(fd, 'shutdown', (socket) => socket.shutdown(how));
    this.note('shutdown', fd, status);
    return status;
  }

  read(fd: number, bytes: Uint8Array, offset: number, length: number): number {
    return this.call('read', fd, () => this.readFrom(fd, bytes, offset, length, false));
  }

  readv(fd: number, chunks: readonly Uint8Array[], count: number): number {
    const parts = chunks.slice(0, count);
    // One read for all parts: an error that lies behind the bytes is for the next call.
    const joined = new Uint8Array(lengthOf(parts));
    const got = this.read(fd, joined, 0, joined.length);
    let done = 0;
    for (const part of parts) {
      if (done >= got) break;
      const next = Math.min(done + part.length, got);
      part.set(joined.subarray(done, next));
      done = next;
    }
    return got;
  }

  peek(fd: number, bytes: Uint8Array, offset: number, length: number): number {
    return this.call('read', fd, () => this.readFrom(fd, bytes, offset, length, true));
  }

  private readFrom(fd: number, bytes: Uint8Array, at: number, length: number, peek: boolean) {
    if (at < 0 || length < 0 || at + length > bytes.length) return -errno.EINVAL;
    return this.withFile(fd, 'read', (file) => file.read(bytes, at, length, peek));
  }

  private send(fd: number, parts: readonly Uint8Array[]): number {
    const taken = this.faults.drawShort(lengthOf(parts));
    return this.withFile(fd, 'write', (file) => file.write(upTo(parts, taken)));
  }

  write(fd: number, bytes: Uint8Array, offset: number, length: number): number {
    return this.call('write', fd, () => {
      if (offset < 0 || length < 0 || offset + length > bytes.length) return -errno.EINVAL;
      return this.send(fd, [bytes.subarray(offset, offset + length)]);
    });
  }

  /** As `write`: this kernel holds no bytes back for more to come. */
  writeMore(fd: number, bytes: Uint8Array, offset: number, length: number): number {
    return this.write(fd, bytes, offset, length);
  }

  writev(fd: number, chunks: readonly Uint8Array[], count: number, skip: number): number {
    return this.call('write', fd, () => this.send(fd, gather(chunks, count, skip)));
  }

  sendRights(
    fd: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    descriptors: readonly number[],
  ): number {
    return this.call('write', fd, () => {
      if (length <= 0 || offset < 0 || offset + length > bytes.length) return -errno.EINVAL;
      const rights: SimFile[] = [];
      for (const one of descriptors) {
        const file = this.file(one, 'sendRights');
        if (file === undefined) return -errno.EBADF;
        rights.push(file);
      }
      const parts = [bytes.subarray(offset, offset + length)];
      return this.withSocket(fd, 'sendRights', (socket) => socket.sendRights(parts, rights));
    });
  }

  readRights(fd: number, bytes: Uint8Array, offset: number, length: number, into: number[]) {
    return this.call('read', fd, () =>
      this.withSocket(fd, 'readRights', (socket) => {
        const taken: SimFile[] = [];
        const count = socket.readRights(bytes, offset, length, taken);
        for (const file of taken) {
          const entered = this.enter(file);
          file.release();
          if (entered >= 0) into.push(entered);
        }
        return count;
      }),
    );
  }

  splice(fromFd: number, toFd: number, length: number): number {
    return this.call('splice', `${fromFd} ${toFd}`, () => {
      const from = this.file(fromFd, 'splice');
      const to = this.file(toFd, 'splice');
      if (from === undefined || to === undefined) return -errno.EBADF;
      if (!(from instanceof PipeEnd) && !(to instanceof PipeEnd)) return -errno.EINVAL;
      const bytes = new Uint8Array(Math.min(length, SPLICE_BYTES));
      const available = Math.min(from.pending(constants.FIONREAD), bytes.length);
      if (available <= 0) return from.read(bytes, 0, bytes.length, false);
      // Copies first: only bytes that the other side takes may leave this one.
      const probe = new Uint8Array(available);
      if (from instanceof PipeEnd) from.copy(probe);
      else from.read(probe, 0, available, true);
      const taken = to.write([probe.subarray(0, this.faults.drawShort(available))]);
      return taken <= 0 ? taken : from.read(bytes, 0, taken, false);
    });
  }

  pipeSize(fd: number, bytes: number): number {
    return this.withFile(fd, 'pipeSize', (file) =>
      file instanceof PipeEnd ? file.resize(bytes) : -errno.EBADF,
    );
  }

  getsockopt(fd: number, level: number, name: number, into: Uint8Array): number {
    return this.call('getsockopt', `${fd} ${level} ${name}`, () =>
      this.withSocket(fd, 'getsockopt', (socket) => {
        const value = socket.getOption(level, name);
        if (typeof value === 'object' && 'bad' in value) return value.bad;
        const bytes =
          typeof value === 'number' ? new Uint8Array(new Int32Array([value]).buffer) : value;
        const length = Math.min(bytes.length, into.length);
        into.set(bytes.subarray(0, length));
        return length;
      }),
    );
  }

  setsockopt(fd: number, level: number, name: number, value: number | Uint8Array): number {
    return this.call('setsockopt', `${fd} ${level} ${name}`, () =>
      this.withSocket(fd, 'setsockopt', (socket) => socket.setOption(level, name, value)),
    );
  }

  private nameOf(
    fd: number,
    call: 'getsockname' | 'getpeername',
    find: (socket: SimSocket) => KernelAddress | number,
  ): KernelAddress | number {
    let found: KernelAddress | number = -errno.EBADF;
    const status = this.call(call, fd, () =>
      this.withSocket(fd, call, (socket) => {
        found = find(socket);
        return typeof found === 'number' ? found : 0;
      }),
    );
    return status < 0 ? status : found;
  }

  getsockname(fd: number): KernelAddress | number {
    return this.nameOf(fd, 'getsockname', (socket) => socket.localName());
  }

  getpeername(fd: number): KernelAddress | number {
    return this.nameOf(fd, 'getpeername', (socket) => socket.peerName());
  }

  kind(fd: number): number {
    return this.machine.file(fd)?.kind ?? -errno.EBADF;
  }

  pending(fd: number, request: number): number {
    const { FIONREAD, SIOCOUTQ } = constants;
    if (request !== FIONREAD && request !== SIOCOUTQ) return -errno.EINVAL;
    return this.withFile(fd, 'ioctl', (file) => file.pending(request));
  }

  private badFile(path: string): number {
    return path === '' || path.includes('\0') ? -errno.EINVAL : 0;
  }

  unlink(path: string): number {
    return this.call('unlink', path, () => this.badFile(path) || this.machine.names.unlink(path));
  }

  chmod(path: string, mode: number): number {
    return this.call(
      'chmod',
      path,
      () => this.badFile(path) || this.machine.names.chmod(path, mode),
    );
  }

  stat(path: string, into: number[]): number {
    return this.call('stat', path, () => this.badFile(path) || this.machine.names.stat(path, into));
  }

  /** Always 0: no handle of Node's own is on this kernel. */
  ofNode(_fd: number): number {
    return 0;
  }
}
