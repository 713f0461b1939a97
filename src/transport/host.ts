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
import { RelayPipe } from './relay_pipe.js';

/** What a socket stands on. */
export interface Host {
  /** The system calls. */
  readonly kernel: Kernel;
  /** What waits for descriptors to become ready. */
  readonly reactor: Reactor;
  /** The time. */
  readonly clock: Clock;
  /** Resolves names where the caller brings no lookup of its own; null for `dns.lookup`. */
  readonly lookup: typeof lookup | null;
  /** What bytes go through from one socket to another. */
  readonly relayPipe: RelayPipe;
}

/** Puts a host together on `kernel`. */
export function makeHost(kernel: Kernel, clock: Clock, resolver: typeof lookup | null): Host {
  const reactor = new Reactor(kernel, clock);
  return { kernel, reactor, clock, lookup: resolver, relayPipe: new RelayPipe(kernel) };
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

/** Whether it is this thread's on the real kernel. A thread that has made none has no such host. */
export function isSystemHost(host: Host): boolean {
  return host === threadHost;
}

/** Puts something around this thread's kernel, such as a check. Throws once a socket was made. */
export function decorateKernel(decorate: (kernel: Kernel) => Kernel): void {
  if (threadHost !== null) throw new Error('This thread has made its first socket already');
  threadKernel = decorate(threadKernel);
}
