/**
 * The kernel, as this package uses it: the contract that the native binding fulfils for Linux, and
 * that a simulated kernel must fulfil to take its place.
 *
 * Every call returns a number >= 0, or `-errno`; none throws. Wrong arguments give -EINVAL:
 * numbers are whole and in range, bytes are a Uint8Array (Linux takes any view, as the bytes it
 * covers), lists are arrays. The only state that a call keeps for a descriptor is its place in the
 * ledger: the set of descriptors that this thread owns. A call that makes a descriptor enters it
 * there; `close` and `release` strike it off. A descriptor is non-blocking and close-on-exec when
 * it is entered. Another process that shares it may make it blocking. Still no call waits, except
 * reading and writing pipes before Linux 6.4.
 */

/** An address as the kernel reports it. `address` is an IP text, or a UNIX path ('' if unnamed). */
export interface KernelAddress {
  readonly family: number;
  readonly address: string;
  readonly port: number;
}

export type KernelConstant =
  | 'AF_INET'
  | 'AF_INET6'
  | 'AF_UNIX'
  | 'SOCK_STREAM'
  | 'SOCK_SEQPACKET'
  | 'SOCK_DGRAM'
  | 'IPPROTO_TCP'
  | 'IPPROTO_IP'
  | 'IPPROTO_IPV6'
  | 'IPV6_V6ONLY'
  | 'IP_TOS'
  | 'IPV6_TCLASS'
  | 'SOL_SOCKET'
  | 'SO_ERROR'
  | 'SO_REUSEADDR'
  | 'SO_REUSEPORT'
  | 'SO_KEEPALIVE'
  | 'SO_LINGER'
  | 'SO_RCVBUF'
  | 'SO_SNDBUF'
  | 'SO_ACCEPTCONN'
  | 'SO_DOMAIN'
  | 'SO_TYPE'
  | 'SO_PEERCRED'
  | 'SO_BINDTODEVICE'
  | 'SO_MARK'
  | 'SO_INCOMING_CPU'
  | 'SO_COOKIE'
  | 'TCP_NODELAY'
  | 'TCP_KEEPIDLE'
  | 'TCP_KEEPINTVL'
  | 'TCP_KEEPCNT'
  | 'TCP_USER_TIMEOUT'
  | 'TCP_QUICKACK'
  | 'TCP_CORK'
  | 'TCP_INFO'
  | 'TCP_DEFER_ACCEPT'
  | 'TCP_FASTOPEN'
  | 'SHUT_RD'
  | 'SHUT_WR'
  | 'SHUT_RDWR'
  | 'EPOLLIN'
  | 'EPOLLPRI'
  | 'EPOLLOUT'
  | 'EPOLLERR'
  | 'EPOLLHUP'
  | 'EPOLLRDHUP'
  | 'EPOLLET'
  | 'EPOLL_CTL_ADD'
  | 'EPOLL_CTL_MOD'
  | 'EPOLL_CTL_DEL'
  | 'S_IFSOCK'
  | 'S_IFIFO'
  | 'S_IFCHR'
  | 'S_IFREG'
  | 'FIONREAD'
  | 'SIOCOUTQ'
  | 'EVENTS_PER_TURN'
  | 'CHUNKS_MAX';

export interface Kernel {
  /** Numbers from the headers of the machine compiled for. */
  readonly constants: Readonly<Record<KernelConstant, number>>;

  /** socket(2). Returns the descriptor. */
  socket(family: number, type: number, protocol: number): number;
  /** socketpair(2): writes the two descriptors to `into[0]` and `into[1]`. */
  socketpair(family: number, type: number, into: number[]): number;
  /** pipe2(2): the read end to `into[0]`, the write end to `into[1]`. */
  pipe(into: number[]): number;
  /**
   * bind(2). A path has 108 bytes at most, and so has an abstract name (it begins with NUL): a
   * longer one is -ENAMETOOLONG, a path with a NUL in it -EINVAL.
   */
  bind(fd: number, family: number, address: string, port: number): number;
  /** connect(2). -EINPROGRESS if it goes on in the background; a signal does not stop it. */
  connect(fd: number, family: number, address: string, port: number): number;
  listen(fd: number, backlog: number): number;
  /**
   * accept4(2), which never waits. Returns the new descriptor. Pass `shared` if another process
   * may have the listener too, and may have made it blocking.
   */
  accept(fd: number, shared?: boolean): number;
  shutdown(fd: number, how: number): number;
  /**
   * Takes the descriptor out of the epoll set `epollFd`, then close(2). -EBADF if not owned. With
   * -1 it leaves the first to close(2), which does it if no other descriptor refers to the same
   * file.
   */
  close(fd: number, epollFd: number): number;
  /** Takes ownership of a descriptor made elsewhere. -EEXIST if owned already. */
  adopt(fd: number): number;
  /** Gives ownership up and leaves the descriptor open. -EBADF if not owned. */
  release(fd: number): number;
  /** A second descriptor for the same description. */
  dup(fd: number): number;

  /**
   * Reads into `bytes[offset, offset + length)`. Returns the count; 0 is the end. A short read of
   * a stream has emptied it for now, unless urgent data came (EPOLLPRI), which stops one read.
   * Descriptors that the peer sends along a UNIX stream are dropped, and end no read.
   */
  read(fd: number, bytes: Uint8Array, offset: number, length: number): number;
  /**
   * Fills the first `count` chunks (CHUNKS_MAX at most) from a TCP socket, one after the other.
   * Returns the count of bytes. 0 is the end, or means that the chunks have no room at all.
   */
  readv(fd: number, chunks: readonly Uint8Array[], count: number): number;
  /** As `read`, leaving the bytes in the socket. */
  peek(fd: number, bytes: Uint8Array, offset: number, length: number): number;
  /** Writes `bytes[offset, offset + length)`. Returns how many bytes the kernel took. */
  write(fd: number, bytes: Uint8Array, offset: number, length: number): number;
  /**
   * As `write` on a socket, but TCP may hold the bytes back until the next write or `shutdown`,
   * for at most 200 ms, and send both in one segment; MSG_MORE, tcp(7).
   */
  writeMore(fd: number, bytes: Uint8Array, offset: number, length: number): number;
  /** Writes the first `count` chunks (CHUNKS_MAX at most) without their first `skip` bytes. */
  writev(fd: number, chunks: readonly Uint8Array[], count: number, skip: number): number;
  /** Writes bytes (at least one) with 1 to 253 descriptors attached; SCM_RIGHTS. */
  sendRights(
    fd: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    descriptors: readonly number[],
  ): number;
  /** Reads bytes, and appends the descriptors that came with them to `into`. */
  readRights(fd: number, bytes: Uint8Array, offset: number, length: number, into: number[]): number;
  /**
   * splice(2), which never waits; one of the two is a pipe. -EINVAL if another process made the
   * other one blocking, since splice(2) would then wait.
   */
  splice(fromFd: number, toFd: number, length: number): number;
  /**
   * fcntl(2) with F_SETPIPE_SZ: sets the size of a pipe. Returns the size, as the kernel rounded
   * it up.
   */
  pipeSize(fd: number, bytes: number): number;

  /** Fills `into` and returns the option's length. */
  getsockopt(fd: number, level: number, name: number, into: Uint8Array): number;
  setsockopt(fd: number, level: number, name: number, value: number | Uint8Array): number;
  getsockname(fd: number): KernelAddress | number;
  getpeername(fd: number): KernelAddress | number;
  /** The file type bits of fstat(2). */
  kind(fd: number): number;
  /** ioctl(2) with FIONREAD or SIOCOUTQ: bytes unread, or not yet acknowledged. */
  pending(fd: number, request: number): number;
  unlink(path: string): number;
  chmod(path: string, mode: number): number;
  /** lstat(2): writes mode, device and inode to `into[0..2]`. */
  stat(path: string, into: number[]): number;
  /** 1 if a handle of Node's own has the descriptor in this thread's loop, 0 if not. */
  ofNode(fd: number): number;
  /** The descriptors this thread owns, ascending. */
  ledger(): number[];

  /**
   * Opens this thread's one epoll descriptor and hooks it into the event loop. `dispatch` runs
   * once per event, each time in Node's callback scope; `./hook.ts` describes `control`. Returns
   * the epoll descriptor, or the -errno with which waiting for events failed before.
   */
  hookOpen(dispatch: (what: number) => void, control: Int32Array): number;
  /** epoll_ctl(2) on the hook's epoll descriptor. */
  hookControl(fd: number, op: number, events: number, slot: number, generation: number): number;
  /** Sets whether registrations keep the process alive. */
  hookReference(on: boolean): number;
  /** Makes the loop begin another turn without waiting. */
  hookCarry(): number;
  /** Reports an error that a tick threw as 'uncaughtException'; returns if the program goes on. */
  hookReport(error: unknown): number;
}
