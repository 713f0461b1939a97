/** The network of a simulation, in the hands of a test. */
import type { ErrorName, FaultyCall } from '../sys/sim/chance/faults.js';
import type { LinkSettings } from '../sys/sim/network/network.js';
import type { FaultRates, World } from '../sys/sim/world.js';
import { ownOptions } from '../util/options.js';
import type { SimulatedHost } from './simulated_host.js';

export interface FailOptions {
  /** The host whose calls fail. Default: all hosts. */
  readonly host?: string | undefined;
  /** The number of calls that succeed before. Default 0. */
  readonly after?: number | undefined;
  /** The number of calls that fail. Default 1. */
  readonly times?: number | undefined;
}

/** Controls the network and the machines of a simulation. */
export class SimulatedWorld {
  /** @internal `simulate` makes it. */
  constructor(
    private readonly world: World,
    private readonly hosts: Readonly<Record<string, SimulatedHost>>,
  ) {}

  /**
   * Stops all traffic between two hosts until `heal`. The bytes sent meanwhile arrive afterwards.
   */
  partition(a: string, b: string): void {
    this.world.cut(a, b);
  }

  /** Ends the partition between two hosts, or all partitions. */
  heal(a?: string, b?: string): void {
    if (a === undefined || b === undefined) this.world.mendAll();
    else this.world.mend(a, b);
  }

  /** Changes the link between two hosts: latency, jitter, bandwidth, loss. */
  link(a: string, b: string, settings: Partial<LinkSettings>): void {
    this.world.setLink(a, b, settings);
  }

  /** Breaks all TCP connections between two hosts, or all of `a`, with RST. Returns how many. */
  reset(a: string, b?: string): number {
    return this.world.reset(a, b);
  }

  /** Makes system calls fail: `fail('accept', 'EMFILE', { host: 'server', times: 3 })`. */
  fail(call: FaultyCall, error: ErrorName, options: FailOptions = {}): void {
    const { host, after = 0, times = 1 } = ownOptions(options);
    this.world.faults.plan({ call, error, host, after, times });
  }

  /** Sets how often calls fail, writes are short, connections break and links are cut. */
  faults(rates: FaultRates): void {
    this.world.setFaults(ownOptions(rates));
  }

  /** Ends all failures and partitions. */
  calm(): void {
    this.world.calm();
  }

  /** The number of failures so far. */
  get faultCount(): number {
    return this.world.faults.count;
  }

  /** The number of failures of each kind: `accept EMFILE`, `short write`, `reset`, … */
  get faultCounts(): ReadonlyMap<string, number> {
    return this.world.faults.counts;
  }

  /** The number of events so far. */
  get eventCount(): number {
    return this.world.trace.events;
  }

  /** A text that is the same for equal runs, and hardly ever for others. */
  get fingerprint(): string {
    return this.world.trace.fingerprint;
  }

  /** The events so far, one a line; empty without the option `trace`. */
  get traceLines(): readonly string[] {
    return this.world.trace.lines;
  }

  /** Adds a line to the trace, if one is kept. */
  note(who: string, what: string, about: number | string = ''): void {
    this.world.trace.remark(who, what, about);
  }

  /** A random number in [0, 1) that the seed decides; `Math.random` gives one as well. */
  random(): number {
    return this.world.random.unit();
  }

  /** Descriptors left open or misused on any host; empty if there are none. */
  leaks(): string[] {
    return Object.values(this.hosts).flatMap((host) => host.leaks());
  }
}
