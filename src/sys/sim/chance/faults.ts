/**
 * Failures of system calls: drawn by the seed, or planned one by one. A call fails only with an
 * error that Linux can answer it with, and leaves behind what Linux leaves behind.
 */
import { errno } from '../../../util/system_error.js';
import type { Prng } from './prng.js';

/** An error's name: `'EMFILE'`, `'ECONNRESET'`, … */
export type ErrorName = keyof typeof errno;

/** What each call can fail with, whatever the program does. */
export const POSSIBLE = {
  socket: ['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM'],
  socketpair: ['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM'],
  pipe: ['EMFILE', 'ENFILE'],
  bind: ['EADDRINUSE', 'EACCES', 'ENOMEM'],
  connect: ['EADDRNOTAVAIL', 'ENETUNREACH', 'ENOBUFS', 'EACCES', 'EINTR'],
  listen: ['EADDRINUSE'],
  accept: ['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM', 'ECONNABORTED', 'EPROTO', 'EINTR'],
  close: ['EINTR', 'EIO'],
  dup: ['EMFILE'],
  read: ['ENOMEM', 'ENOBUFS', 'EINTR'],
  write: ['ENOMEM', 'ENOBUFS', 'EINTR'],
  splice: ['ENOMEM'],
  getsockopt: ['ENOBUFS'],
  setsockopt: ['ENOMEM', 'ENOBUFS'],
  getsockname: ['ENOBUFS'],
  getpeername: ['ENOBUFS'],
  stat: ['ENOMEM', 'EACCES'],
  chmod: ['EPERM'],
  unlink: ['EACCES'],
  hookControl: ['ENOMEM', 'ENOSPC'],
} as const satisfies Record<string, readonly ErrorName[]>;

/** A system call that the simulated kernel can let fail. */
export type FaultyCall = keyof typeof POSSIBLE;

/** A failure that was asked for. */
export interface Planned {
  readonly call: FaultyCall;
  readonly error: ErrorName;
  /** The machine whose call fails; any machine if absent. */
  readonly host?: string | undefined;
  /** How many such calls succeed first. */
  after: number;
  times: number;
}

export class Faults {
  /** How probable a failure is, at any call. */
  probability = 0;
  /** Calls that the seed may make fail. */
  readonly calls = new Set<FaultyCall>(Object.keys(POSSIBLE) as FaultyCall[]);
  /** How often a write is taken only in part though there is room. */
  shortWrites = 0;
  /** How often an event is reported for nothing. */
  spurious = 0;
  /** How many failures there were so far, by what failed and how: `accept EMFILE`. */
  readonly counts = new Map<string, number>();
  private readonly planned: Planned[] = [];

  constructor(private readonly random: Prng) {}

  /** How many failures there were so far, of any kind. */
  get count(): number {
    let count = 0;
    for (const times of this.counts.values()) count += times;
    return count;
  }

  /** Counts a failure: `what` names the call and the error, or the trouble. */
  struck(what: string, times = 1): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + times);
  }

  plan(fault: Planned): void {
    this.planned.push(fault);
  }

  /** Ends all failures, the planned ones included. */
  stop(): void {
    this.probability = this.shortWrites = this.spurious = 0;
    this.planned.length = 0;
  }

  /** A positive errno that this call has to fail with, or 0. */
  draw(host: string, call: FaultyCall): number {
    const asked = this.drawPlanned(host, call);
    if (asked !== 0) return asked;
    if (this.probability === 0 || !this.calls.has(call)) return 0;
    if (!this.random.chance(this.probability)) return 0;
    const error = this.random.pick<ErrorName>(POSSIBLE[call]);
    this.struck(`${call} ${error}`);
    return errno[error];
  }

  private drawPlanned(host: string, call: FaultyCall): number {
    for (const [index, fault] of this.planned.entries()) {
      if (fault.call !== call || (fault.host !== undefined && fault.host !== host)) continue;
      if (fault.after-- > 0) continue;
      if (--fault.times <= 0) this.planned.splice(index, 1);
      this.struck(`${call} ${fault.error}`);
      return errno[fault.error];
    }
    return 0;
  }

  /** How many bytes of a write the kernel takes, where it has room for `wanted`. */
  drawShort(wanted: number): number {
    if (wanted < 2 || !this.random.chance(this.shortWrites)) return wanted;
    this.struck('short write');
    return this.random.between(1, wanted - 1);
  }
}
