/**
 * The base of a socket: a kernel, the reactor that watches it, a clock and a resolver. Each thread
 * has one host on the real kernel; a simulated host has its own.
 */
import type { lookup } from 'node:dns';
import { Reactor } from '../reactor/reactor.js';
import type { Kernel } from '../sys/kernel.js';
import { linux } from '../sys/linux.js';
import type { Clock } from '../util/clock.js';
import { systemClock } from '../util/clock.js';
import { showActiveResources } from './active_resources.js';
import { RelayPipe } from './relay_pipe.js';

/** The base of a socket. */
export interface Host {
  /** The system calls. */
  readonly kernel: Kernel;
  /** Calls the owners of descriptors that become ready. */
  readonly reactor: Reactor;
  /** Timers, ticks and the time. */
  readonly clock: Clock;
  /** Resolves names if the caller passes no lookup of its own; null for `dns.lookup`. */
  readonly lookup: typeof lookup | null;
  /** The kernel pipe for bytes that go from one socket to another. */
  readonly relayPipe: RelayPipe;
}

/** Makes a host on `kernel`. */
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

/** Whether `host` is this thread's on the real kernel. False in a thread that has made none. */
export function isSystemHost(host: Host): boolean {
  return host === threadHost;
}

/** Wraps this thread's kernel, in a check for instance. Throws once a socket was made. */
export function decorateKernel(decorate: (kernel: Kernel) => Kernel): void {
  if (threadHost !== null) throw new Error('This thread has made its first socket already');
  threadKernel = decorate(threadKernel);
}
