/**
 * The descriptors of one simulated program: which of them it owns, and the epoll hook over them.
 * Each call goes through here, where a fault may make it fail.
 */
import { errno } from '../../../util/system_error.js';
import type { Faults, FaultyCall } from '../chance/faults.js';
import type { Trace } from '../chance/trace.js';
import { constants } from '../constants.js';
import { Epoll } from '../files/epoll.js';
import type { SimFile } from '../files/file.js';
import { SimSocket } from '../files/socket.js';
import { Hook } from './hook.js';
import type { SimMachine } from './machine.js';

export abstract class DescriptorTable {
  readonly constants = constants;
  hook: Hook | null = null;
  /** Each wrong use of a descriptor so far. There must be none. */
  readonly violations: string[] = [];
  private readonly owned = new Set<number>();
  /** The slots and generations of all registrations so far. */
  private readonly tags = new Set<string>();

  constructor(
    readonly machine: SimMachine,
    protected readonly faults: Faults,
    private readonly trace: Trace,
  ) {}

  /** Makes one call: a fault may let it fail, and the trace gets an event. */
  protected call(name: FaultyCall, about: number | string, run: () => number): number {
    const error = this.faults.draw(this.machine.name, name);
    const result = error > 0 ? this.fail(name, error, run) : run();
    this.note(name, about, result);
    return result;
  }

  protected note(name: string, about: number | string, result: number): void {
    this.trace.note(this.machine.name, name, about, result);
  }

  /** Lets a call fail, and leaves behind what it leaves behind on Linux. */
  private fail(name: FaultyCall, error: number, run: () => number): number {
    // A signal interrupted the call: the binding repeats it, and connect(2) goes on by itself.
    if (error === errno.EINTR && name !== 'close') return run();
    // close(2) frees the number even where it fails.
    if (name === 'close') {
      const status = run();
      return status < 0 ? status : -error;
    }
    // The kernel has dropped the connection that was first in the queue.
    if (name === 'accept' && (error === errno.ECONNABORTED || error === errno.EPROTO)) {
      const accepted = run();
      if (accepted < 0) return accepted;
      this.strike(accepted);
    }
    return -error;
  }

  private strike(fd: number): number {
    this.owned.delete(fd);
    return this.machine.uninstall(fd);
  }

  protected file(fd: number, call: string): SimFile | undefined {
    const file = this.machine.file(fd);
    if (file === undefined && fd >= 0) this.violations.push(`${call} on closed descriptor ${fd}`);
    return file;
  }

  protected withSocket(fd: number, call: string, run: (socket: SimSocket) => number): number {
    const file = this.file(fd, call);
    if (file === undefined) return -errno.EBADF;
    return file instanceof SimSocket ? run(file) : -errno.ENOTSOCK;
  }

  protected withFile(fd: number, call: string, run: (file: SimFile) => number): number {
    const file = this.file(fd, call);
    return file === undefined ? -errno.EBADF : run(file);
  }

  protected enter(file: SimFile): number {
    const fd = this.machine.install(file);
    if (fd >= 0) this.owned.add(fd);
    return fd;
  }

  protected enterPair(first: SimFile, second: SimFile, into: number[]): number {
    const a = this.enter(first);
    if (a < 0) return a;
    const b = this.enter(second);
    if (b < 0) {
      this.strike(a);
      return b;
    }
    into[0] = a;
    into[1] = b;
    return 0;
  }

  close(fd: number, epollFd: number): number {
    return this.call('close', fd, () => {
      if (!this.owned.has(fd)) {
        this.violations.push(`close of descriptor ${fd}, which is not open`);
        return -errno.EBADF;
      }
      const file = this.machine.file(fd);
      if (epollFd >= 0 && file !== undefined) {
        this.hook?.epoll.control(fd, file, constants.EPOLL_CTL_DEL, 0, 0, 0);
      }
      return this.strike(fd);
    });
  }

  adopt(fd: number): number {
    if (this.machine.file(fd) === undefined) return -errno.EBADF;
    if (this.owned.has(fd)) return -errno.EEXIST;
    this.owned.add(fd);
    return fd;
  }

  release(fd: number): number {
    return this.owned.delete(fd) ? fd : -errno.EBADF;
  }

  dup(fd: number): number {
    return this.call('dup', fd, () => this.withFile(fd, 'dup', (file) => this.enter(file)));
  }

  ledger(): number[] {
    return [...this.owned].sort((a, b) => a - b);
  }

  hookOpen(dispatch: (what: number) => void, control: Int32Array): number {
    if (this.hook !== null) return -errno.EALREADY;
    const epoll = new Epoll();
    const fd = this.machine.install(epoll);
    if (fd >= 0) this.hook = new Hook(epoll, dispatch, control);
    return fd;
  }

  hookControl(fd: number, op: number, events: number, slot: number, generation: number): number {
    const run = (): number =>
      this.withFile(fd, 'epoll_ctl', (file) => {
        if (this.hook === null) return -errno.EBADF;
        if (op === constants.EPOLL_CTL_ADD) this.checkTag(slot, generation);
        return this.hook.epoll.control(fd, file, op, events, slot, generation);
      });
    // Only adding a registration needs memory, so only that can fail.
    if (op === constants.EPOLL_CTL_ADD) return this.call('hookControl', fd, run);
    return run();
  }

  /** Two registrations with the same slot and generation would get each other's events. */
  private checkTag(slot: number, generation: number): void {
    const tag = `${slot} ${generation}`;
    if (this.tags.has(tag)) this.violations.push(`slot and generation ${tag} used twice`);
    this.tags.add(tag);
  }

  hookReference(on: boolean): number {
    if (this.hook === null) return -errno.EINVAL;
    this.hook.referenced = on;
    return 0;
  }

  hookCarry(): number {
    if (this.hook === null) return -errno.EINVAL;
    this.hook.carry();
    return 0;
  }

  hookReport(error: unknown): number {
    if (this.hook === null) throw error;
    this.hook.report(error);
    return 0;
  }
}
