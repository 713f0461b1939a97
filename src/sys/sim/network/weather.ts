/**
 * Trouble on the network that the seed deals out as time goes by: connections break, links are cut
 * or slow for a while. It happens only while something else goes on: trouble alone does not make
 * time pass. So a program that waits for something that cannot come is still seen to hang.
 */

import type { Prng } from '../chance/prng.js';
import type { Link, Machine } from './network.js';

/** How probable each kind of trouble is, in each second of virtual time; from 0 to 1. */
export interface WeatherRates {
  /** That a connection breaks, with RST. */
  readonly resets?: number | undefined;
  /** That a link is cut, and mends itself later. */
  readonly partitions?: number | undefined;
  /** That a link is slow for a while. */
  readonly slowLinks?: number | undefined;
}

/** What the weather needs of the world it is in. */
export interface Sky {
  nowMs(): number;
  readonly random: Prng;
  readonly machines: readonly Machine[];
  /** Runs `strike` once time gets to `atMs`; does not make time pass. */
  meanwhile(atMs: number, strike: () => void): void;
  /** Runs `end` at `atMs`; time passes until then. */
  at(atMs: number, end: () => void): void;
  link(a: Machine, b: Machine): Link;
  reset(a: string, b?: string): number;
  struck(what: string): void;
}

type Strike = (a: Machine, b: Machine) => void;

const SECOND_MS = 1000;
/** How long a link stays cut or slow, at most. */
const CUT_MS_MAX = 10_000;
const SLOW_MS_MAX = 20_000;
const SLOWER_MAX = 100;

export class Weather {
  /** Counts the calls of `set`: trouble that an earlier call has planned does not happen. */
  private era = 0;

  constructor(private readonly sky: Sky) {}

  /** Replaces the rates. A rate that is left out is 0. */
  set({ resets = 0, partitions = 0, slowLinks = 0 }: WeatherRates): void {
    this.era++;
    const { sky } = this;
    this.next(resets, (a, b) => sky.reset(a.name, a === b ? undefined : b.name));
    this.next(partitions, (a, b) => this.cut(sky.link(a, b)));
    this.next(slowLinks, (a, b) => this.slow(sky.link(a, b)));
  }

  /** Plans the next trouble of a kind: at random moments, `rate` a second on average. */
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
