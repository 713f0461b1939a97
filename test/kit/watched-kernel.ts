/**
 * A kernel that watches how descriptors are used. It notes each call on a descriptor that this
 * thread does not own (any more), and counts the calls. The real kernel does the work.
 */
import type { Kernel } from '#internal/sys/kernel';

type Method = Exclude<keyof Kernel, 'constants'>;
type AnyCall = (...args: unknown[]) => unknown;

/** Calls whose first argument must be a descriptor of ours. */
const ON_DESCRIPTOR: readonly Method[] = [
  'bind',
  'connect',
  'listen',
  'accept',
  'shutdown',
  'close',
  'release',
  'dup',
  'read',
  'readv',
  'peek',
  'write',
  'writeMore',
  'writev',
  'sendRights',
  'readRights',
  'splice',
  'pipeSize',
  'getsockopt',
  'setsockopt',
  'getsockname',
  'getpeername',
  'pending',
  'hookControl',
];

const MAKE_ONE: readonly Method[] = ['socket', 'accept', 'adopt', 'dup'];
const MAKE_TWO: readonly Method[] = ['socketpair', 'pipe'];
const GIVE_UP: readonly Method[] = ['close', 'release'];

export class Watch {
  /** Every call on a descriptor that was not ours, with the place it was made from. */
  violations: Error[] = [];
  /** The violations by getsockopt(2), by descriptor: `excuse` takes them back. */
  private readonly asked = new Map<number, Error[]>();
  /** How often each call was made. */
  readonly calls = new Map<Method, number>();
  readonly kernel: Kernel;
  private readonly owned: Set<number>;
  private readonly onceOwned = new Set<number>();

  constructor(private readonly real: Kernel) {
    this.owned = new Set(real.ledger());
    this.kernel = { ...real };
    const methods = Object.keys(real).filter((key) => typeof real[key as Method] === 'function');
    for (const name of methods as Method[]) this.wrap(name);
  }

  count(...names: Method[]): number {
    return names.reduce((sum, name) => sum + (this.calls.get(name) ?? 0), 0);
  }

  private wrap(name: Method): void {
    const call = this.real[name] as AnyCall;
    const watched: AnyCall = (...args) => {
      this.calls.set(name, (this.calls.get(name) ?? 0) + 1);
      if (ON_DESCRIPTOR.includes(name)) this.check(name, args[0] as number);
      if (name === 'splice') this.check(name, args[1] as number);
      if (GIVE_UP.includes(name)) this.owned.delete(args[0] as number);
      const result = call(...args);
      this.learn(name, args, result as number);
      return result;
    };
    Object.assign(this.kernel, { [name]: watched });
  }

  private check(name: Method, fd: number): void {
    if (this.owned.has(fd)) return;
    const was = this.onceOwned.has(fd) || fd === -1 ? 'closed before' : 'never ours';
    const violation = new Error(`${name}() on descriptor ${fd}, which was ${was}`);
    this.violations.push(violation);
    if (name !== 'getsockopt') return;
    const asked = this.asked.get(fd) ?? [];
    asked.push(violation);
    this.asked.set(fd, asked);
  }

  private learn(name: Method, args: unknown[], result: number): void {
    if (typeof result !== 'number' || result < 0) return;
    if (name === 'adopt') this.excuse(args[0] as number);
    if (MAKE_ONE.includes(name)) this.own(name === 'adopt' ? (args[0] as number) : result);
    if (MAKE_TWO.includes(name)) {
      for (const fd of args[name === 'pipe' ? 0 : 2] as number[]) this.own(fd);
    }
    if (name === 'readRights') for (const fd of args[4] as number[]) this.own(fd);
  }

  /** A descriptor of others may be asked what it is before it is adopted: that is no violation. */
  private excuse(fd: number): void {
    const asked = this.asked.get(fd);
    if (asked === undefined) return;
    this.asked.delete(fd);
    this.violations = this.violations.filter((violation) => !asked.includes(violation));
  }

  private own(fd: number): void {
    this.owned.add(fd);
    this.onceOwned.add(fd);
  }
}
