/**
 * What a socket stands on: a kernel, the reactor that watches it, a clock and a resolver. One per
 * thread for the real kernel; a simulated host brings its own.
 */
import type { lookup } from 'node:dns';
import { Reactor } from '../reactor/reactor.js';
import type { Kernel } from '../sys/kernel.js';
import { linux } from '../sys/linux.js';
import type { Clock } from '../util/clock.js';
import { systemClock } from '../util/clock.js';

export interface Host {
  readonly kernel: Kernel;
  readonly reactor: Reactor;
  readonly clock: Clock;
  /** Resolves names where the caller brings no lookup of its own; null for `dns.lookup`. */
  readonly lookup: typeof lookup | null;
}

/** Puts a host together on `kernel`. */
export function makeHost(kernel: Kernel, clock: Clock, resolver: typeof lookup | null): Host {
  return { kernel, reactor: new Reactor(kernel, clock), clock, lookup: resolver };
}

let threadHost: Host | null = null;

/** This thread's host on the real kernel. */
export function systemHost(): Host {
  threadHost ??= makeHost(linux, systemClock, null);
  return threadHost;
}
