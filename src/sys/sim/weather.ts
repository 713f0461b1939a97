/**
 * Trouble on the network that the seed deals out as time goes by: connections that break, links
 * that are cut or slow for a while. It strikes while something else goes on and never by itself
 * makes time pass, so that a program with nothing to wait for is still seen to hang.
 */
import type { SimMachine } from './machine.js';
import type { Link } from './network.js';
import type { Prng } from './prng.js';

/** How probable each kind of trouble is, in each second of virtual time; from 0 to 1. */
export interface WeatherRates {
  /** That a connection breaks, with RST. */
  readonly resets?: number | undefined;
  /** That a link is cut, and mends itself later. */
  readonly partitions?: number | undefined;
  /** That a link is slow for a while. */
  readonly slowLinks?: number | undefined;
}

/** What weather needs of the world it is in. */
export interface Sky {
  nowMs(): number;
  readonly random: Prng;
  readonly machines: readonly SimMachine[];
  /** Runs `strike` when time has come that far, if it ever does. */
  meanwhile(atMs: number, strike: () => void): void;
  /** Runs `end` then, and lets time pass until then. */
  at(atMs: number, end: () => void): void;
  link(a: SimMachine, b: SimMachine): Link;
  reset(a: string, b?: string): number;
  struck(what: string): void;
}

type Strike = (a: SimMachine, b: SimMachine) => void;

const SECOND_MS = 1000;
/** How long a link stays cut or slow, at most. */
const CUT_MS_MAX = 10_000;
const SLOW_MS_MAX = 20_000;
const SLOWER_MAX = 100;

export class Weather {
  /** Rises with each change, so that what was under way before is over. */
  private era = 0;

  constructor(private readonly sky: Sky) {}

  /** Begins anew with these rates; without any there is no trouble. */
  set({ resets = 0, partitions = 0, slowLinks = 0 }: WeatherRates): void {
    this.era++;
    const { sky } = this;
    this.next(resets, (a, b) => sky.reset(a.name, a === b ? undefined : b.name));
    this.next(partitions, (a, b) => this.cut(sky.link(a, b)));
    this.next(slowLinks, (a, b) => this.slow(sky.link(a, b)));
  }

  /** The moments of one kind: independent of each other, `rate` a second on average. */
  private next(rate: number, strike: Strike): void {
    if (rate <= 0) return;
    const { sky, era } = this;
    const waitMs = (-Math.log(1 - sky.random.unit()) * SECOND_MS) / rate;
    sky.meanwhile(sky.nowMs() + waitMs, () => {
      if (era !== this.era) return;
      const a = sky.random.pick(sky.machines);
      const others = sky.machines.filter((one) => one !== a);
      strike(a, others.length > 0 ? sky.random.pick(others) : a);
      this.next(rate, strike);
    });
  }

  private cut(link: Link): void {
    const { sky } = this;
    if (link.cut) return;
    link.cut = true;
    const { mended } = link;
    sky.struck('partition');
    sky.at(sky.nowMs() + CUT_MS_MAX * sky.random.unit(), () => {
      // A script may have mended it before, and cut it again since.
      if (link.mended === mended) link.mend();
    });
  }

  private slow(link: Link): void {
    const { sky } = this;
    const factor = sky.random.between(2, SLOWER_MAX);
    link.slower = factor;
    sky.struck('slow link');
    sky.at(sky.nowMs() + SLOW_MS_MAX * sky.random.unit(), () => {
      if (link.slower === factor) link.slower = 1;
    });
  }
}
