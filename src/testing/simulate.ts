/** `simulate`: runs a program of servers and clients on a simulated network, in virtual time. */

import type { NetModule } from '../net/module.js';
import { manualProfile, nodeProfile, type Profile } from '../net/profile.js';
import { type DriveEnd, Driver } from '../sys/sim/driver.js';
import type { LinkSettings } from '../sys/sim/network/network.js';
import { type FaultRates, World } from '../sys/sim/world.js';
import { ownOptions } from '../util/options.js';
import { EPOCH_MS, installVirtualTime, timersOf } from './globals.js';
import { SimulatedHost } from './simulated_host.js';
import { SimulatedWorld } from './simulated_world.js';

/** A machine: its name, or its name with addresses and buffer sizes. */
export type HostOptions =
  | string
  | {
      readonly name: string;
      readonly addresses?: readonly string[];
      /**
       * The bytes that a socket takes from its program before `write` has to wait. Default:
       * Linux's.
       */
      readonly sendBytes?: number;
      /**
       * The bytes that a socket takes from the network before its peer has to wait. Default:
       * Linux's.
       */
      readonly receiveBytes?: number;
    };

/** Options of `simulate`. */
export interface SimulateOptions {
  /** Decides everything that is left open: the same seed gives the same run. Default 1. */
  readonly seed?: string | number | undefined;
  /** The machines, by name; the names can be looked up. Default `['local']`. */
  readonly hosts?: readonly HostOptions[] | undefined;
  /** The links between different hosts, until the program changes them. Default: a LAN. */
  readonly link?: Partial<LinkSettings> | undefined;
  /**
   * Rates of random failures, until the program changes them. The seed decides which calls fail.
   * Default: none.
   */
  readonly faults?: FaultRates | undefined;
  /** Which flavour of `net` the hosts have. Default `'barewire'`. */
  readonly profile?: 'barewire' | 'barewire/node' | undefined;
  /** Whether to keep a line for each event, for `world.traceLines`. Default false. */
  readonly trace?: boolean | undefined;
  /** Gets the errors that nobody catches. Without it such an error fails the simulation. */
  readonly onUncaught?: ((error: unknown) => void) | undefined;
  /** The most virtual time that the run may take. Default 24 hours. */
  readonly timeMaxMs?: number | undefined;
  /** The most callbacks that the run may make, so that an endless loop ends. Default 20 million. */
  readonly stepsMax?: number | undefined;
}

/** Virtual time. */
export interface SimulatedClock {
  /** Milliseconds since the simulation began. */
  now(): number;
  /** The date inside the simulation. It begins at the same moment in each run. */
  date(): Date;
  /** Fulfils after `ms` milliseconds of virtual time. */
  sleep(ms: number): Promise<void>;
}

/** The argument of a simulated program. */
export interface Simulation {
  /** The first host's `net`. */
  readonly net: NetModule;
  /** All hosts, by name. */
  readonly hosts: Readonly<Record<string, SimulatedHost>>;
  /** Virtual time. */
  readonly clock: SimulatedClock;
  /** Controls the network and the machines: links, faults, traces. */
  readonly world: SimulatedWorld;
}

/** The details that a failed run adds to its error, as `error.simulation`. */
export interface SimulationDetails {
  /** The seed of the run; it repeats the run. */
  readonly seed: string | number;
  /** The virtual time of the failure. */
  readonly timeMs: number;
  /** The last lines of the trace; empty if no trace was kept. */
  readonly lastLines: readonly string[];
}

const TIME_MAX_MS = 24 * 3_600_000;
const STEPS_MAX = 20_000_000;
const LAST_LINES = 40;

let running = false;

function describe(end: DriveEnd): string {
  if (end === 'idle') return 'nothing is left that could happen, and the program still waits';
  return `the simulation was stopped: ${end}`;
}

/** Gets the errors that nobody catches. Returns a function that ends that. */
function catchUncaught(onError: (error: unknown) => void): () => void {
  if (process.hasUncaughtExceptionCaptureCallback()) {
    process.on('uncaughtException', onError);
    return () => process.off('uncaughtException', onError);
  }
  process.setUncaughtExceptionCaptureCallback(onError);
  return () => process.setUncaughtExceptionCaptureCallback(null);
}

function clockOf(world: World): SimulatedClock {
  const { setTimeout } = timersOf(world);
  return {
    now: () => world.nowMs,
    date: () => new Date(Math.floor(EPOCH_MS + world.nowMs)),
    sleep: (ms) => new Promise((resolve) => setTimeout(() => resolve(), ms)),
  };
}

function makeSimulation(world: World, options: SimulateOptions): Simulation {
  const profile: Profile = options.profile === 'barewire/node' ? nodeProfile : manualProfile;
  const hosts: Record<string, SimulatedHost> = {};
  for (const given of options.hosts ?? ['local']) {
    const machine = ownOptions(typeof given === 'string' ? { name: given } : given);
    hosts[machine.name] = new SimulatedHost(world, world.addMachine(machine), profile);
  }
  const [first] = Object.values(hosts);
  if (first === undefined) throw new RangeError('a simulation needs a host');
  const simulated = new SimulatedWorld(world, hosts);
  return { net: first.net, hosts, clock: clockOf(world), world: simulated };
}

/** The same error, with the details that one needs to repeat the run. */
function withDetails(error: unknown, seed: string | number, world: World): unknown {
  const details: SimulationDetails = {
    seed,
    timeMs: world.nowMs,
    lastLines: world.trace.lines.slice(-LAST_LINES),
  };
  if (error instanceof Error && Object.isExtensible(error)) {
    Object.defineProperty(error, 'simulation', { value: details, configurable: true });
  }
  return error;
}

/**
 * Runs `program` on simulated hosts and resolves with its result. Inside, time is virtual: an hour
 * passes in as long as its events take. The run depends on `seed` alone, as long as the program
 * touches nothing outside (files, child processes, real sockets, threads).
 *
 * Rejects with the error of `program`, with an error that nobody caught, or with an error which
 * says that the program waits for something that can not happen any more. Each has
 * `error.simulation`. One simulation runs at a time, since it replaces the global timers and
 * `Date` meanwhile.
 */
export async function simulate<T>(
  given: SimulateOptions,
  program: (simulation: Simulation) => Promise<T> | T,
): Promise<T> {
  if (running) throw new Error('a simulation runs already; wait for it to end');
  running = true;
  const options = ownOptions(given);
  const seed = options.seed ?? 1;
  const world = new World(ownOptions({ seed, link: options.link, trace: options.trace }));
  const simulation = makeSimulation(world, options);
  if (options.faults !== undefined) world.setFaults(ownOptions(options.faults));
  let over = false;
  let failed = false;
  let failure: unknown;
  const fail = (error: unknown): void => {
    if (!failed) failure = error;
    failed = over = true;
  };
  const onUncaught = options.onUncaught ?? fail;
  world.onUncaught = onUncaught;
  const restoreErrors = catchUncaught(onUncaught);
  const restoreTime = installVirtualTime(world);
  try {
    const { timeMaxMs = TIME_MAX_MS, stepsMax = STEPS_MAX } = options;
    const driver = new Driver(world.loop, { done: () => over, stepsMax, timeMaxMs });
    const driving = driver.run();
    const result = Promise.resolve(simulation).then(program);
    const settled = result.then(() => {
      over = true;
    }, fail);
    const end = await driving;
    if (end !== 'done') fail(new Error(`${describe(end)} (at ${world.nowMs.toFixed(3)} ms)`));
    if (failed) throw withDetails(failure, seed, world);
    await settled;
    return await result;
  } finally {
    restoreTime();
    restoreErrors();
    running = false;
  }
}
