/**
 * epoll(7), edge-triggered as on Linux. A change puts a registration on the ready list if its mask
 * has the bit that changed. The wait then reports all bits of the mask that hold at that moment.
 * A registration belongs to a descriptor number and to the description behind it: if another number
 * keeps the description open, its events still come after the first number is closed.
 */
import { errno } from '../../../util/system_error.js';
import type { Prng } from '../chance/prng.js';
import { constants } from '../constants.js';
import { SimFile, type Watcher } from './file.js';

const { EPOLLERR, EPOLLHUP, EPOLLET, EPOLL_CTL_ADD, EPOLL_CTL_MOD, EPOLL_CTL_DEL } = constants;
/** The bits that are reported even if the mask does not have them. */
const ALWAYS = EPOLLERR | EPOLLHUP;

/** What a wait reports. */
export interface PolledEvent {
  readonly slot: number;
  readonly generation: number;
  readonly events: number;
}

class Registration implements Watcher {
  events = 0;
  slot = 0;
  generation = 0;
  /** Bits to report though they do not hold: a spurious wake-up. */
  spurious = 0;

  constructor(
    readonly epoll: Epoll,
    readonly fd: number,
    readonly file: SimFile,
  ) {}

  get mask(): number {
    return (this.events & ~EPOLLET) | ALWAYS;
  }

  wake(key: number): void {
    if (key === 0 || key & this.mask) this.epoll.markReady(this);
  }

  gone(): void {
    this.epoll.forget(this);
  }
}

export class Epoll extends SimFile {
  override readonly kind = 0;
  private readonly registrations = new Set<Registration>();
  private readonly ready = new Set<Registration>();

  override poll(): number {
    return this.hasReady() ? constants.EPOLLIN : 0;
  }

  override read(): number {
    return -errno.EINVAL;
  }

  override write(): number {
    return -errno.EINVAL;
  }

  protected override end(): void {
    for (const one of [...this.registrations]) this.forget(one);
  }

  get size(): number {
    return this.registrations.size;
  }

  markReady(registration: Registration): void {
    this.ready.add(registration);
  }

  forget(registration: Registration): void {
    registration.file.watchers.delete(registration);
    this.registrations.delete(registration);
    this.ready.delete(registration);
  }

  private find(fd: number, file: SimFile): Registration | undefined {
    for (const watcher of file.watchers) {
      if (watcher instanceof Registration && watcher.epoll === this && watcher.fd === fd) {
        return watcher;
      }
    }
    return undefined;
  }

  /** epoll_ctl(2). */
  control(
    fd: number,
    file: SimFile,
    op: number,
    events: number,
    slot: number,
    generation: number,
  ): number {
    const found = this.find(fd, file);
    if (op === EPOLL_CTL_ADD && found !== undefined) return -errno.EEXIST;
    if (op !== EPOLL_CTL_ADD && found === undefined) return -errno.ENOENT;
    if (op === EPOLL_CTL_DEL) {
      if (found !== undefined) this.forget(found);
      return 0;
    }
    if (op !== EPOLL_CTL_ADD && op !== EPOLL_CTL_MOD) return -errno.EINVAL;
    const registration = found ?? new Registration(this, fd, file);
    Object.assign(registration, { events, slot, generation });
    this.registrations.add(registration);
    file.watchers.add(registration);
    if (file.poll() & registration.mask) this.ready.add(registration);
    return 0;
  }

  /** Whether a wait would report anything. Takes what is no longer ready off the list. */
  hasReady(): boolean {
    for (const one of this.ready) {
      if ((one.file.poll() & one.mask) !== 0 || one.spurious !== 0) return true;
      this.ready.delete(one);
    }
    return false;
  }

  /** epoll_wait(2) without waiting. */
  wait(limit: number): PolledEvent[] {
    const reported: PolledEvent[] = [];
    for (const one of [...this.ready]) {
      if (reported.length >= limit) break;
      this.ready.delete(one);
      const events = (one.file.poll() & one.mask) | (one.spurious & one.mask);
      one.spurious = 0;
      if (events === 0) continue;
      reported.push({ slot: one.slot, generation: one.generation, events });
      if ((one.events & EPOLLET) === 0) this.ready.add(one);
    }
    return reported;
  }

  /** Wakes a random registration without cause. Returns its descriptor, or -1 if there is none. */
  wakeSpuriously(random: Prng): number {
    const all = [...this.registrations];
    if (all.length === 0) return -1;
    // The newest often belongs to a socket that connects, where a wrong wake-up does most harm.
    const newest = all.at(-1);
    const one = newest !== undefined && random.chance(0.5) ? newest : random.pick(all);
    one.spurious = random.pick([constants.EPOLLIN, constants.EPOLLOUT, 5]);
    this.ready.add(one);
    return one.fd;
  }
}
