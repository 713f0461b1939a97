/** The socket files and abstract names of a machine. */
import { errno } from '../../../util/system_error.js';
import { constants } from '../constants.js';

/** The folders that exist. A socket can be bound in these only. */
const FOLDERS = ['', '/tmp', '/run', '/var/run'];
const DEVICE = 1;
const MODE_DEFAULT = 0o755;

/** What can be bound to a name. */
interface Named {
  /** A path, an abstract name, or '' for none. */
  readonly name: string;
}

interface SocketFile<Socket> {
  readonly socket: Socket;
  readonly inode: number;
  mode: number;
}

export class Names<Socket extends Named> {
  private readonly files = new Map<string, SocketFile<Socket>>();
  private readonly abstract = new Map<string, Socket>();
  private inodes = 0;

  /** Returns 0 or -errno. */
  bind(name: string, socket: Socket): number {
    if (name.startsWith('\0')) {
      if (this.abstract.has(name)) return -errno.EADDRINUSE;
      this.abstract.set(name, socket);
      return 0;
    }
    const slash = name.lastIndexOf('/');
    if (slash >= 0 && !FOLDERS.includes(name.slice(0, slash))) return -errno.ENOENT;
    if (this.files.has(name)) return -errno.EADDRINUSE;
    this.files.set(name, { socket, inode: ++this.inodes, mode: MODE_DEFAULT });
    return 0;
  }

  /** The socket a name leads to, or -errno. A file stays when its socket is gone. */
  find(name: string): Socket | number {
    if (name.startsWith('\0')) return this.abstract.get(name) ?? -errno.ECONNREFUSED;
    return this.files.get(name)?.socket ?? -errno.ENOENT;
  }

  /** Frees the abstract name of a socket that has ended. A file stays. */
  unbind(socket: Socket): void {
    if (this.abstract.get(socket.name) === socket) this.abstract.delete(socket.name);
  }

  unlink(path: string): number {
    return this.files.delete(path) ? 0 : -errno.ENOENT;
  }

  chmod(path: string, mode: number): number {
    const file = this.files.get(path);
    if (file === undefined) return -errno.ENOENT;
    file.mode = mode & 0o7777;
    return 0;
  }

  /** Writes mode, device and inode to `into[0..2]`. */
  stat(path: string, into: number[]): number {
    const file = this.files.get(path);
    if (file === undefined) return -errno.ENOENT;
    into[0] = constants.S_IFSOCK | file.mode;
    into[1] = DEVICE;
    into[2] = file.inode;
    return 0;
  }
}
