/** The planned faults of a run: cuts, resets, slow and lossy links, failing calls. */
import type { Simulation } from 'barewire/testing';
import { POSSIBLE } from '#internal/sys/sim/chance/faults';
import type { FaultPlan, Plan } from './plan.js';

function pick<T>(choices: readonly T[], choice: number): T {
  return choices[choice % choices.length] as T;
}

function strike(plan: Plan, { world, hosts }: Simulation, fault: FaultPlan): void {
  const { choice, forMs, call } = fault;
  const a = pick(plan.hosts, choice);
  const b = pick(plan.hosts, choice >>> 8);
  switch (fault.kind) {
    case 'cut':
      world.partition(a, b);
      setTimeout(() => world.heal(a, b), forMs);
      break;
    case 'reset':
      world.reset(a);
      break;
    case 'slow':
      world.link(a, b, { latencyMs: choice % 300, bytesPerMs: 10 + (choice % 1000) });
      setTimeout(() => world.link(a, b, { latencyMs: 0.2, bytesPerMs: 100_000 }), forMs);
      break;
    case 'lossy':
      world.link(a, b, { loss: (choice % 50) / 100 });
      setTimeout(() => world.link(a, b, { loss: 0 }), forMs);
      break;
    case 'fail':
      world.fail(call, pick(POSSIBLE[call], choice), { times: 1 + (choice % 3) });
      break;
    case 'fewDescriptors': {
      const host = hosts[a];
      if (host === undefined) return;
      host.descriptorsMax = host.openDescriptors + 4 + (choice % 4);
      setTimeout(() => {
        host.descriptorsMax = 1024;
      }, forMs);
      break;
    }
    default:
  }
}

/** Sets all of a plan's faults going. */
export function startFaults(
  plan: Plan,
  simulation: Simulation,
  count: (kind: string) => void,
): void {
  for (const fault of plan.faults) {
    setTimeout(() => {
      simulation.world.note('network', fault.kind, fault.id);
      // Those two are counted where they hit something.
      if (fault.kind !== 'fail' && fault.kind !== 'reset') count(fault.kind);
      strike(plan, simulation, fault);
    }, fault.atMs);
  }
}
