/** A machine of a simulation, as its users see it: a `net` of its own, and its open descriptors. */
import { makeNet, type NetModule } from '../net/module.js';
import type { Profile } from '../net/profile.js';
import type { SimKernel } from '../sys/sim/machine/kernel.js';
import type { World } from '../sys/sim/world.js';
import { type Host, makeHost } from '../transport/host.js';
import type { Clock } from '../util/clock.js';
import { timersOf } from './globals.js';

const { nextTick } = process;

/** The clock of a simulated host: virtual time, with the real process's ticks. */
function clockOf(world: World): Clock {
  const { setTimeout, clearTimeout, setImmediate } = timersOf(world);
  return {
    now: () => world.nowMs,
    setTimer: (run, delayMs) => setTimeout(run, delayMs),
    clearTimer: clearTimeout,
    nextTick: (run) => nextTick(run),
    // Virtual immediates do not wait for the real process's ticks by themselves.
    later: (run) => nextTick(() => setImmediate(run)),
    onExit: () => {},
  };
}

/** A machine of a simulation: a `net` of its own, and its open descriptors. */
export class SimulatedHost {
  /** The machine's own `barewire`: it makes sockets and servers on this machine. */
  readonly net: NetModule;
  /** @internal */
  readonly host: Host;

  /** @internal `simulate` makes them. */
  constructor(
    world: World,
    /** @internal */
    readonly kernel: SimKernel,
    profile: Profile,
  ) {
    this.host = makeHost(kernel, clockOf(world), world.lookupFor(kernel.machine));
    this.net = makeNet(profile, this.host);
  }

  /** The machine's name. Programs on all hosts can look it up. */
  get name(): string {
    return this.kernel.machine.name;
  }

  /** The machine's IP addresses, as text. */
  get addresses(): readonly string[] {
    return this.kernel.machine.addresses;
  }

  /** How many descriptors are open. */
  get openDescriptors(): number {
    return this.kernel.machine.openDescriptors().length;
  }

  /** The most descriptors that the machine may have; one more is `EMFILE`. */
  set descriptorsMax(count: number) {
    this.kernel.machine.descriptorsMax = count;
  }

  /** The leaks of the machine, when everything should be closed; empty if there are none. */
  leaks(): string[] {
    const { kernel, host } = this;
    const found = kernel.violations.map((text) => `${this.name}: ${text}`);
    const open = kernel.machine.openDescriptors();
    if (open.length > 0) found.push(`${this.name}: descriptors open: ${open.join(' ')}`);
    for (const [what, count] of Object.entries(host.reactor.holds)) {
      if (count !== 0) found.push(`${this.name}: reactor holds ${count} ${what}`);
    }
    if (kernel.hook?.referenced === true) found.push(`${this.name}: the hook is referenced`);
    return found;
  }
}
