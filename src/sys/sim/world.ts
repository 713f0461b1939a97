/**
 * A simulated world: machines, the network between them, one clock and one source of chance. The
 * seed decides everything that the program and the options leave open.
 */
import type { lookup } from 'node:dns';
import { isIP, isIPv4 } from '../../util/ip.js';
import { ownOptions } from '../../util/options.js';
import { Faults, type FaultyCall, POSSIBLE } from './chance/faults.js';
import { Prng } from './chance/prng.js';
import { Trace } from './chance/trace.js';
import type { BufferSizes } from './files/socket_options.js';
import { Loop } from './loop.js';
import { SimKernel } from './machine/kernel.js';
import { SimMachine } from './machine/machine.js';
import { LAN, type LinkSettings, Network } from './network/network.js';
import { type Sky, Weather, type WeatherRates } from './network/weather.js';

export interface MachineOptions extends BufferSizes {
  readonly name: string;
  /** Its addresses. Default: 10.0.0.n and fd00::n for machine number n. */
  readonly addresses?: readonly string[] | undefined;
}

export interface WorldOptions {
  readonly seed: string | number;
  /** Keep a readable line for each event. */
  readonly trace?: boolean | undefined;
  /** The settings of links that have none of their own. Default: those of a LAN. */
  readonly link?: Partial<LinkSettings> | undefined;
}

/** How probable failures are, from 0 to 1. */
export interface FaultRates extends WeatherRates {
  /** That a system call fails. */
  readonly calls?: number | undefined;
  /** That the kernel takes only a part of a write though it has room for all. */
  readonly shortWrites?: number | undefined;
  /** That epoll reports an event that did not happen. */
  readonly spuriousWakes?: number | undefined;
  /** Only these calls fail. */
  readonly only?: readonly FaultyCall[] | undefined;
}

const LOOKUP_MS_MAX = 5;

export class World {
  readonly random: Prng;
  readonly trace: Trace;
  readonly faults: Faults;
  readonly network: Network;
  readonly loop: Loop;
  readonly weather: Weather;
  readonly machines: SimMachine[] = [];
  readonly kernels: SimKernel[] = [];
  /** Gets each error that nobody caught. Default: throws it. */
  onUncaught: (error: unknown) => void = (error) => {
    throw error;
  };

  constructor(options: WorldOptions) {
    this.random = new Prng(String(options.seed));
    this.faults = new Faults(this.random.fork('faults'));
    this.trace = new Trace(options.trace === true, () => this.nowMs);
    this.loop = new Loop(
      this.random.fork('loop'),
      this.kernels,
      this.faults,
      () => this.trace,
      (error) => this.onUncaught(error),
    );
    this.network = new Network(this.random.fork('network'), () => this.nowMs, this.loop.events, {
      ...LAN,
      ...options.link,
    });
    this.weather = new Weather(this.sky());
  }

  private sky(): Sky {
    const { network, loop, faults, trace, machines, random } = this;
    return {
      nowMs: () => this.nowMs,
      random: random.fork('weather'),
      machines,
      meanwhile: (atMs, strike) => loop.background.add(atMs, strike),
      at: (atMs, end) => network.at(atMs, end),
      link: (a, b) => network.link(a, b),
      reset: (a, b) => this.reset(a, b),
      struck: (what) => {
        faults.struck(what);
        trace.note('network', what);
      },
    };
  }

  /** Milliseconds of virtual time since the beginning. */
  get nowMs(): number {
    return this.loop.nowMs;
  }

  addMachine(options: MachineOptions): SimKernel {
    const { name } = options;
    if (this.machines.some((one) => one.name === name)) throw new RangeError(`two hosts '${name}'`);
    const number = this.machines.length + 1;
    const addresses = options.addresses ?? [`10.0.0.${number}`, `fd00::${number.toString(16)}`];
    const random = this.random.fork(`machine ${name}`);
    const machine = new SimMachine(name, addresses, this.network, random, this.machines);
    const { sendBytes, receiveBytes } = options;
    for (const bytes of [sendBytes, receiveBytes]) {
      if (bytes !== undefined && !(Number.isInteger(bytes) && bytes > 0)) {
        throw new RangeError(`a buffer of ${bytes} bytes`);
      }
    }
    machine.buffers = { sendBytes, receiveBytes };
    const kernel = new SimKernel(machine, this.faults, this.trace);
    this.machines.push(machine);
    this.kernels.push(kernel);
    return kernel;
  }

  machine(name: string): SimMachine {
    const found = this.machines.find((one) => one.name === name);
    if (found === undefined) throw new RangeError(`no host '${name}'`);
    return found;
  }

  /** Changes what the link between two machines is like, from now on. */
  setLink(a: string, b: string, settings: Partial<LinkSettings>): void {
    Object.assign(this.network.link(this.machine(a), this.machine(b)).settings, settings);
    this.trace.note('network', 'link', `${a} ${b}`);
  }

  /** Nothing passes between two machines until `mend`. */
  cut(a: string, b: string): void {
    this.network.link(this.machine(a), this.machine(b)).cut = true;
    this.trace.note('network', 'cut', `${a} ${b}`);
  }

  mend(a: string, b: string): void {
    this.network.link(this.machine(a), this.machine(b)).mend();
    this.trace.note('network', 'mend', `${a} ${b}`);
  }

  mendAll(): void {
    for (const link of this.network.allLinks()) if (link.cut) link.mend();
  }

  /** Breaks the TCP connections between two machines, or all of `a`, with RST. Returns how many. */
  reset(a: string, b?: string): number {
    const other = b === undefined ? null : this.machine(b);
    const broken = this.machine(a).resetConnections(other);
    this.trace.note('network', 'reset', `${a} ${b ?? ''}`, broken);
    if (broken > 0) this.faults.struck('reset', broken);
    return broken;
  }

  setFaults(rates: FaultRates): void {
    const { faults } = this;
    faults.probability = rates.calls ?? 0;
    faults.shortWrites = rates.shortWrites ?? 0;
    faults.spurious = rates.spuriousWakes ?? 0;
    faults.calls.clear();
    const calls = rates.only ?? (Object.keys(POSSIBLE) as FaultyCall[]);
    for (const call of calls) faults.calls.add(call);
    this.weather.set(rates);
  }

  /** Ends all failures and all trouble of the network. */
  calm(): void {
    this.faults.stop();
    this.weather.set(ownOptions({}));
    for (const link of this.network.allLinks()) link.slower = 1;
    this.mendAll();
  }

  /** `dns.lookup` inside this world: the names are those of the machines, and localhost. */
  lookupFor(machine: SimMachine): typeof lookup {
    const random = machine.random.fork('lookup');
    const answer = (name: string, options: unknown, done: unknown): void => {
      const callback = (typeof options === 'function' ? options : done) as (
        ...results: unknown[]
      ) => void;
      const wanted = typeof options === 'object' && options !== null ? options : {};
      const { all, family } = wanted as { all?: boolean; family?: number | string };
      const found = this.resolve(name, Number(String(family ?? 0).replace('IPv', '')));
      this.network.at(this.nowMs + LOOKUP_MS_MAX * random.unit(), () => {
        this.loop.timers.add(this.nowMs, () => this.answer(name, found, all === true, callback));
      });
    };
    return answer as typeof lookup;
  }

  private answer(
    hostname: string,
    found: readonly { address: string; family: number }[],
    all: boolean,
    callback: (...results: unknown[]) => void,
  ): void {
    this.trace.note('lookup', hostname, found.length);
    const [first] = found;
    if (first === undefined) {
      const error = new Error(`getaddrinfo ENOTFOUND ${hostname}`);
      const details = { errno: -3008, code: 'ENOTFOUND', syscall: 'getaddrinfo', hostname };
      callback(Object.assign(error, details));
    } else if (all) callback(null, found);
    else callback(null, first.address, first.family);
  }

  private resolve(name: string, family: number): { address: string; family: number }[] {
    const literal = isIP(name);
    if (literal !== 0) return [{ address: name, family: literal }];
    const addresses =
      name === 'localhost'
        ? ['127.0.0.1', '::1']
        : (this.machines.find((one) => one.name === name)?.addresses ?? []);
    return addresses
      .map((address) => ({ address, family: isIPv4(address) ? 4 : 6 }))
      .filter((one) => family === 0 || one.family === family);
  }
}
