/**
 * The plan of a run. It is drawn from the seed beforehand, so that a failing one can be cut down.
 */
import type { FaultyCall } from '#internal/sys/sim/chance/faults';
import { POSSIBLE } from '#internal/sys/sim/chance/faults';
import { Prng } from '#internal/sys/sim/chance/prng';
import { clientsWithExtras, faultsWithExtras, serversWithExtras } from './plan-extras.js';

export const OPERATIONS = [
  'write',
  'write',
  'write',
  'write',
  'writeMany',
  'writeCorked',
  'writeInData',
  'writeInCallback',
  'pause',
  'pauseInData',
  'readByHand',
  'end',
  'endWith',
  'destroy',
  'destroyWithError',
  'destroyInData',
  'destroyInCallback',
  'destroySoon',
  'reset',
  'timeout',
  'throw',
  'options',
  'names',
  'unref',
  'abort',
  'reconnect',
] as const;
export type Operation = (typeof OPERATIONS)[number] | 'broadcast' | 'pipeIn' | 'lastWords';

/** Something an actor does with its socket, `afterMs` its connection began. */
export interface Action {
  readonly id: number;
  readonly afterMs: number;
  readonly operation: Operation;
  /** A size, a time or a choice; each operation knows what it means. */
  readonly amount: number;
}

export interface Script {
  readonly id: number;
  readonly actions: readonly Action[];
  /** Sends back what it gets, by hand or by `pipe`, in place of reading it only. */
  readonly echo: 'no' | 'write' | 'pipe';
}

/** Calls of a server that meet: `close` behind `listen` or in a handler, a second `listen`. */
export type Race =
  | 'none'
  | 'closeAtOnce'
  | 'closeOnListening'
  | 'closeOnConnection'
  | 'listenTwice';

export interface ServerPlan {
  readonly id: number;
  readonly host: string;
  readonly kind: 'tcp4' | 'tcp6' | 'path' | 'abstract';
  readonly listenAtMs: number;
  /** Closes in the middle, and listens again after a while. */
  readonly closeAtMs: number | null;
  readonly relisten: boolean;
  readonly abortAtMs: number | null;
  readonly allowHalfOpen: boolean;
  readonly pauseOnConnect: boolean;
  readonly highWaterMark: number | null;
  readonly maxConnections: number | null;
  readonly backlog: number;
  readonly throwsOnConnection: boolean;
  readonly race: Race;
  readonly scripts: readonly Script[];
}

export interface ClientPlan {
  readonly id: number;
  readonly host: string;
  readonly server: number;
  readonly connectAtMs: number;
  readonly allowHalfOpen: boolean;
  readonly highWaterMark: number | null;
  readonly userRead: boolean;
  readonly byName: boolean;
  readonly writeBeforeConnect: boolean;
  readonly timeoutMs: number;
  readonly script: Script;
  /** What is done in the same tick as `connect`. */
  readonly atOnce: Action | null;
}

export interface FaultPlan {
  readonly id: number;
  readonly atMs: number;
  readonly kind: 'cut' | 'reset' | 'slow' | 'lossy' | 'fail' | 'fewDescriptors';
  readonly forMs: number;
  readonly call: FaultyCall;
  readonly choice: number;
}

export interface Plan {
  readonly seed: string;
  readonly hosts: readonly string[];
  readonly latencyMs: number;
  readonly bytesPerMs: number;
  readonly durationMs: number;
  readonly callFaults: number;
  readonly shortWrites: number;
  readonly spuriousWakes: number;
  readonly servers: readonly ServerPlan[];
  readonly clients: readonly ClientPlan[];
  readonly faults: readonly FaultPlan[];
}

class Planner {
  private ids = 0;
  readonly durationMs: number;

  constructor(private readonly random: Prng) {
    this.durationMs = random.pick([20, 200, 2000, 60_000]);
  }

  id(): number {
    return ++this.ids;
  }

  private amount(): number {
    const { random } = this;
    const most = random.pick([1, 20, 20, 300, 300, 3000, 3000, 20_000, 90_000, 300_000]);
    return random.between(0, most);
  }

  action(): Action {
    const { random } = this;
    const afterMs = random.chance(0.3) ? 0 : random.unit() * this.durationMs * 0.6;
    const operation = random.pick(OPERATIONS);
    return { id: this.id(), afterMs, operation, amount: this.amount() };
  }

  script(most: number, echo: Script['echo']): Script {
    const actions = Array.from({ length: this.random.between(2, most) }, () => this.action());
    return { id: this.id(), actions, echo };
  }

  private sometimes(probability: number, least: number, most: number): number | null {
    return this.random.chance(probability) ? least + this.random.unit() * (most - least) : null;
  }

  server(hosts: readonly string[]): ServerPlan {
    const { random, durationMs } = this;
    const kind = random.pick(['tcp4', 'tcp4', 'tcp6', 'path', 'abstract'] as const);
    const mark = this.sometimes(0.3, 1, 100_000);
    const most = this.sometimes(0.15, 1, 5);
    return {
      id: this.id(),
      host: random.pick(hosts),
      kind,
      listenAtMs: random.chance(0.7) ? 0 : random.unit() * durationMs * 0.2,
      closeAtMs: this.sometimes(0.4, 0, durationMs),
      relisten: random.chance(0.6),
      abortAtMs: this.sometimes(0.1, 0, durationMs),
      allowHalfOpen: random.chance(0.5),
      pauseOnConnect: random.chance(0.15),
      highWaterMark: mark === null ? null : Math.floor(mark),
      maxConnections: most === null ? null : Math.floor(most),
      backlog: random.pick([1, 2, 511]),
      throwsOnConnection: random.chance(0.1),
      race: 'none',
      scripts: Array.from({ length: random.between(2, 5) }, () =>
        this.script(8, random.pick(['no', 'write', 'pipe'])),
      ),
    };
  }

  client(hosts: readonly string[], servers: readonly ServerPlan[]): ClientPlan {
    const { random, durationMs } = this;
    const server = random.pick(servers);
    const local = server.kind === 'path' || server.kind === 'abstract';
    const mark = this.sometimes(0.3, 1, 100_000);
    return {
      id: this.id(),
      host: local ? server.host : random.pick(hosts),
      server: server.id,
      connectAtMs: random.unit() * durationMs * 0.7,
      allowHalfOpen: random.chance(0.5),
      highWaterMark: mark === null ? null : Math.floor(mark),
      userRead: random.chance(0.15),
      byName: random.chance(0.5),
      writeBeforeConnect: random.chance(0.4),
      timeoutMs: random.chance(0.2) ? random.between(1, Math.ceil(durationMs)) : 0,
      script: this.script(18, 'no'),
      atOnce: null,
    };
  }

  fault(): FaultPlan {
    const { random, durationMs } = this;
    return {
      id: this.id(),
      atMs: random.unit() * durationMs,
      kind: random.pick([
        'cut',
        'reset',
        'slow',
        'lossy',
        'fail',
        'fail',
        'fail',
        'fewDescriptors',
      ]),
      forMs: random.unit() * durationMs * 0.3,
      call: random.pick(Object.keys(POSSIBLE) as FaultyCall[]),
      choice: random.next(),
    };
  }
}

/** Draws the plan of a seed. */
export function makePlan(seed: string): Plan {
  const random = new Prng(`plan ${seed}`);
  const planner = new Planner(random);
  const hosts = ['a', 'b', 'c'].slice(0, random.between(1, 3));
  const servers = Array.from({ length: random.between(1, 3) }, () => planner.server(hosts));
  const clients = Array.from({ length: random.between(8, 20) }, () =>
    planner.client(hosts, servers),
  );
  const calm = random.chance(0.25);
  const plan = {
    seed,
    hosts,
    latencyMs: random.pick([0.01, 0.2, 5, 40]),
    bytesPerMs: random.pick([500, 10_000, 125_000]),
    durationMs: planner.durationMs,
    callFaults: calm ? 0 : random.pick([0, 0.001, 0.01, 0.03]),
    shortWrites: calm ? 0 : random.pick([0, 0.1, 0.4]),
    spuriousWakes: calm ? 0 : random.pick([0, 0.05]),
    servers: serversWithExtras(seed, servers),
    clients: clientsWithExtras(seed, clients),
    faults: Array.from({ length: random.between(5, 9) }, () => planner.fault()),
  };
  const byChance = plan.callFaults + plan.shortWrites + plan.spuriousWakes > 0;
  return { ...plan, faults: faultsWithExtras(plan.faults, byChance) };
}

/** The numbers of all parts that a plan can do without. */
export function partsOf(plan: Plan): number[] {
  const ids: number[] = plan.faults.map(({ id }) => id);
  for (const server of plan.servers) {
    for (const script of server.scripts) ids.push(...script.actions.map(({ id }) => id));
  }
  for (const { id, script, atOnce } of plan.clients) {
    ids.push(id, ...script.actions.map((one) => one.id));
    if (atOnce !== null) ids.push(atOnce.id);
  }
  return ids;
}

/** The plan with only the parts in `kept`. */
export function planWithout(plan: Plan, kept: ReadonlySet<number>): Plan {
  const has = ({ id }: { id: number }): boolean => kept.has(id);
  const cut = (script: Script): Script => ({ ...script, actions: script.actions.filter(has) });
  return {
    ...plan,
    faults: plan.faults.filter(has),
    servers: plan.servers.map((one) => ({ ...one, scripts: one.scripts.map(cut) })),
    clients: plan.clients.filter(has).map((one) => ({
      ...one,
      script: cut(one.script),
      atOnce: one.atOnce !== null && has(one.atOnce) ? one.atOnce : null,
    })),
  };
}
