/** `barewire/testing`: your own servers and clients on a simulated network; docs/SIMULATION.md. */
export type { FaultyCall } from '../sys/sim/chance/faults.js';
export type { LinkSettings } from '../sys/sim/network/network.js';
export type { FaultRates } from '../sys/sim/world.js';
export {
  type HostOptions,
  type SimulatedClock,
  type SimulateOptions,
  type Simulation,
  type SimulationDetails,
  simulate,
} from './simulate.js';
export type { SimulatedHost } from './simulated_host.js';
export type { FailOptions, SimulatedWorld } from './simulated_world.js';
