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
import { showActiveResources } from './active_resources.js';

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
let threadKernel: Kernel = linux;

/** This thread's host on the real kernel. */
export function systemHost(): Host {
  if (threadHost === null) {
    threadHost = makeHost(threadKernel, systemClock, null);
    showActiveResources(threadHost.reactor);
  }
  return threadHost;
}

/** Puts something around this thread's kernel, such as a check. Throws once a socket was made. */
export function decorateKernel(decorate: (kernel: Kernel) => Kernel): void {
  if (threadHost !== null) throw new Error('This thread has made its first socket already');
  threadKernel = decorate(threadKernel);
}
