/**
 * The owner of one descriptor. It closes the descriptor once. Afterwards `fd` is -1, so that no
 * later call can reach another descriptor with the same number.
 */
import { Pollable } from '../reactor/pollable.js';
import type { KernelAddress } from '../sys/kernel.js';
import type { Host } from './host.js';
import { bitOf, maskOf, shiftOf } from './state_word.js';

const EXCLUSIVE = bitOf('EXCLUSIVE');
const UNREFERENCED = bitOf('UNREFERENCED');
const ACTIVE = bitOf('ACTIVE');
const FAMILY_SHIFT = shiftOf('FAMILY');
const FAMILY_MASK = maskOf('FAMILY');

export abstract class Descriptor extends Pollable {
  constructor(
    readonly host: Host,
    /** The descriptor, or -1 once closed. */
    public fd: number,
    family: number,
  ) {
    super();
    this.bits = (family & FAMILY_MASK) << FAMILY_SHIFT;
  }

  /** AF_INET, AF_INET6 or AF_UNIX; 0 for a pipe. */
  get family(): number {
    return (this.bits >> FAMILY_SHIFT) & FAMILY_MASK;
  }

  /** Whether no other descriptor refers to the same file, so that closing this one ends it. */
  get exclusive(): boolean {
    return this.has(EXCLUSIVE);
  }

  set exclusive(on: boolean) {
    this.mark(EXCLUSIVE, on);
  }

  /** The local end, or -errno. */
  localAddress(): KernelAddress | number {
    return this.host.kernel.getsockname(this.fd);
  }

  /** The other end, or -errno. */
  peerAddress(): KernelAddress | number {
    return this.host.kernel.getpeername(this.fd);
  }

  /** Sets an option to an int, or to the bytes of its structure. Returns 0 or -errno. */
  setOption(level: number, name: number, value: number | Uint8Array): number {
    return this.host.kernel.setsockopt(this.fd, level, name, value);
  }

  /**
   * Reads SO_ERROR, which clears it. Returns 0 or -errno. A failure to read it counts as an error.
   */
  takeError(): number {
    const { SOL_SOCKET, SO_ERROR } = this.host.kernel.constants;
    const bytes = Buffer.alloc(4);
    const status = this.host.kernel.getsockopt(this.fd, SOL_SOCKET, SO_ERROR, bytes);
    return status < 0 ? status : 0 - bytes.readInt32LE(0);
  }

  /** Reads an int option from the kernel; NaN on an error. Throws nothing. */
  intOption(level: number, name: number): number {
    const bytes = Buffer.alloc(4);
    const length = this.host.kernel.getsockopt(this.fd, level, name, bytes);
    return length === 4 ? bytes.readInt32LE(0) : Number.NaN;
  }

  get isTcp(): boolean {
    const { AF_INET, AF_INET6 } = this.host.kernel.constants;
    return this.family === AF_INET || this.family === AF_INET6;
  }

  /**
   * Node's name for its own resource of this kind: `TCPSocketWrap`, `TCPServerWrap`, `PipeWrap`.
   */
  protected get nodeName(): string {
    return this.isTcp ? 'TCPSocketWrap' : 'PipeWrap';
  }

  override keepsAlive(): string | null {
    return (this.bits & (ACTIVE | UNREFERENCED)) === ACTIVE ? this.nodeName : null;
  }

  hasRef(): boolean {
    return !this.has(UNREFERENCED) && this.fd >= 0;
  }

  ref(): void {
    if (!this.has(UNREFERENCED)) return;
    this.mark(UNREFERENCED, false);
    if (this.has(ACTIVE)) this.host.reactor.ref();
  }

  unref(): void {
    if (this.has(UNREFERENCED)) return;
    this.mark(UNREFERENCED, true);
    if (this.has(ACTIVE)) this.host.reactor.unref();
  }

  /** Notes whether it waits for anything; only then does it keep the process alive. */
  protected setActive(active: boolean): void {
    if (active === this.has(ACTIVE)) return;
    this.mark(ACTIVE, active);
    if (this.has(UNREFERENCED)) return;
    if (active) this.host.reactor.ref();
    else this.host.reactor.unref();
  }

  /** Closes the descriptor; safe to call again. Returns the result of close(2). */
  close(): number {
    const { fd } = this;
    if (fd < 0) return 0;
    this.fd = -1;
    this.setActive(false);
    return this.host.reactor.close(this, fd, this.exclusive);
  }

  /** Gives the descriptor up without closing it. Returns its number: the caller owns it now. */
  detach(): number {
    const { fd } = this;
    if (fd < 0) return fd;
    this.fd = -1;
    this.setActive(false);
    this.host.reactor.unregister(this, fd);
    return this.host.kernel.release(fd);
  }
}
