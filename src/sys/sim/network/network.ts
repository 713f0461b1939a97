/**
 * Links between machines. A segment arrives some time after it was sent, in order within its flow.
 * One that the link loses arrives later still, as TCP sends it again. One that is sent over a cut
 * link waits until the link is mended.
 */

import type { Prng } from '../chance/prng.js';
import type { Agenda } from '../time/agenda.js';
import { isLoopback } from './endpoint.js';

/** The bytes of a segment's headers. */
export const HEADER_BYTES = 40;

/** What a link between two machines is like. */
export interface LinkSettings {
  /** How long a segment takes, one way. */
  latencyMs: number;
  /** Up to this much is added to the latency, at random. */
  jitterMs: number;
  /** How fast it is, in bytes per millisecond. */
  bytesPerMs: number;
  /** How probable it is that a segment is lost, and sent again after `retransmitMs`. */
  loss: number;
  /** How long a lost segment takes longer. */
  retransmitMs: number;
}

export const LAN: LinkSettings = {
  latencyMs: 0.2,
  jitterMs: 0.1,
  bytesPerMs: 125_000,
  loss: 0,
  retransmitMs: 200,
};

const LOOPBACK: LinkSettings = {
  latencyMs: 0.01,
  jitterMs: 0.02,
  bytesPerMs: 1_000_000,
  loss: 0,
  retransmitMs: 200,
};

/** A segment is lost at most this often in a row, so that every run ends. */
const LOSSES_MAX = 6;

/** What the network needs to know of a machine. */
export interface Machine {
  readonly name: string;
  readonly addresses: readonly string[];
}

export class Link {
  readonly settings: LinkSettings;
  cut = false;
  /** How often a cut has ended. */
  mended = 0;
  /** So many times slower than its settings say. */
  slower = 1;
  private held: Flow[] = [];
  private readonly busyUntilMs = new Map<Machine, number>();

  constructor(
    settings: LinkSettings,
    private readonly network: Network,
  ) {
    this.settings = { ...settings };
  }

  /** When `bytes` bytes arrive that `from` sends now. */
  arrivalMs(from: Machine, bytes: number): number {
    const { random, nowMs } = this.network;
    const { latencyMs, jitterMs, bytesPerMs, loss, retransmitMs } = this.settings;
    const begin = Math.max(nowMs(), this.busyUntilMs.get(from) ?? 0);
    const sent = begin + (bytes * this.slower) / bytesPerMs;
    this.busyUntilMs.set(from, sent);
    let arrival = sent + (latencyMs + jitterMs * random.unit()) * this.slower;
    for (let i = 0; i < LOSSES_MAX && random.chance(loss); i++) arrival += retransmitMs * 2 ** i;
    return arrival;
  }

  hold(flow: Flow): void {
    this.held.push(flow);
  }

  /** Ends a cut: the segments that waited set out. */
  mend(): void {
    this.cut = false;
    this.mended++;
    const { held } = this;
    this.held = [];
    for (const flow of held) flow.setOut(0);
  }
}

/** The segments from one end of a connection to the other. They arrive in order, or not at all. */
export class Flow {
  private readonly queue: (() => void)[] = [];
  private lastArrivalMs = 0;

  constructor(
    private readonly network: Network,
    readonly link: Link,
    private readonly from: Machine,
  ) {}

  /** `deliver` runs when `bytes` bytes have come across. */
  send(bytes: number, deliver: () => void): void {
    this.queue.push(deliver);
    this.setOut(bytes);
  }

  /** Plans an arrival. Whichever segment set out, the first in the queue is the one delivered. */
  setOut(bytes: number): void {
    const arrival = Math.max(this.link.arrivalMs(this.from, bytes), this.lastArrivalMs);
    this.lastArrivalMs = arrival;
    this.network.at(arrival, () => {
      if (this.link.cut) this.link.hold(this);
      else this.queue.shift()?.();
    });
  }
}

export class Network {
  readonly machines: Machine[] = [];
  private readonly links = new Map<string, Link>();

  constructor(
    readonly random: Prng,
    readonly nowMs: () => number,
    private readonly agenda: Agenda,
    readonly defaults: LinkSettings,
  ) {}

  at(atMs: number, run: () => void): void {
    this.agenda.add(atMs, run);
  }

  link(a: Machine, b: Machine): Link {
    const key = a.name < b.name ? `${a.name} ${b.name}` : `${b.name} ${a.name}`;
    let link = this.links.get(key);
    if (link === undefined) {
      link = new Link(a === b ? LOOPBACK : this.defaults, this);
      this.links.set(key, link);
    }
    return link;
  }

  /** All links that are in use or were set. */
  allLinks(): Iterable<Link> {
    return this.links.values();
  }

  /** The machine that `ip` leads to from `from`. */
  find<M extends Machine>(from: M, ip: string, machines: readonly M[]): M | undefined {
    if (isLoopback(ip) || from.addresses.includes(ip)) return from;
    return machines.find(({ addresses }) => addresses.includes(ip));
  }
}
