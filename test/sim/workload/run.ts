/** Runs one plan in a simulation and says what broke an invariant. */
import { type Simulation, simulate } from 'barewire/testing';
import type { Socket } from '#internal/net/socket/socket';
import { Actor, PlantedThrow } from './actor.js';
import { Census } from './census.js';
import { startFaults } from './network-faults.js';
import { perform } from './operations.js';
import { PatternSource } from './pattern.js';
import type { ClientPlan, Plan } from './plan.js';
import { ServerActor } from './server-actor.js';

/** Once faults have stopped all must have ended within this; a lost SYN alone takes 127 s. */
const LIVENESS_MS = 1_000_000;
/** What a seed has to do at least; its plan runs again until it has, so many times at most. */
export const CALLS_MIN = 200;
export const FAULTS_MIN = 5;
const WAVES_MAX = 100;
/** Far more callbacks than any seed has. */
const STEPS_MAX = 3_000_000;
const LOOK_EVERY_MS = 500;
const SETTLE_MS = 130_000;

export interface Report {
  readonly problems: readonly string[];
  readonly calls: number;
  readonly faults: number;
  readonly events: number;
  readonly bytes: number;
  readonly virtualMs: number;
  readonly fingerprint: string;
  /** What happened how often: calls, failures, throws, orders of ends. */
  readonly census: readonly (readonly [what: string, times: number])[];
  readonly lines: readonly string[];
  /** The sockets of the run; nothing else holds them. */
  readonly sockets: readonly WeakRef<object>[];
}

export class Run {
  readonly problems: string[] = [];
  calls = 0;
  bytes = 0;
  thrown = 0;
  faults = 0;
  uncaught = 0;
  quiescing = false;
  readonly census = new Census();
  readonly actors: Actor[] = [];
  readonly senders = new Map<number, Actor>();
  /** Who echoes the stream of a key. */
  readonly echoOf = new Map<number, Actor>();
  private readonly servers = new Map<number, ServerActor>();
  private readonly clientPlans = new Map<Actor, ClientPlan>();
  private keys = 0;

  constructor(
    readonly plan: Plan,
    readonly simulation: Simulation,
    private readonly loud: boolean,
  ) {}

  get nowMs(): number {
    return this.simulation.clock.now();
  }

  host(name: string) {
    const host = this.simulation.hosts[name];
    if (host === undefined) throw new Error(`no host ${name}`);
    return host;
  }

  wrong(problem: string): void {
    this.problems.push(`${this.nowMs.toFixed(3)} ms: ${problem}`);
    this.note('PROBLEM', problem);
  }

  /** Puts a line among those of the trace. */
  note(who: string, what: string, amount: number | string = ''): void {
    if (this.loud) this.simulation.world.note(who, what, amount);
  }

  makeSource(actor: Actor): PatternSource {
    const source = new PatternSource(++this.keys);
    this.senders.set(source.key, actor);
    return source;
  }

  addActor(actor: Actor): void {
    this.actors.push(actor);
    if (this.quiescing) setImmediate(() => actor.quiesce());
  }

  isTcp(actor: Actor): boolean {
    const plan = this.clientPlans.get(actor);
    if (plan === undefined) return actor.socket.remotePort !== undefined;
    return this.serverOf(plan).plan.kind.startsWith('tcp');
  }

  /** Holds up what `client` and its server send to each other; then all of it comes at once. */
  holdUp(client: Actor, forMs: number): void {
    const plan = this.clientPlans.get(client);
    if (plan === undefined) return;
    const { world } = this.simulation;
    const { host } = this.serverOf(plan).plan;
    world.partition(plan.host, host);
    setTimeout(() => world.heal(plan.host, host), forMs);
  }

  /** Asking the kernel for a name may fail in this run. */
  get namesMayFail(): boolean {
    const { callFaults, faults } = this.plan;
    return callFaults > 0 || faults.some(({ call }) => call === 'getpeername');
  }

  private serverOf(client: ClientPlan): ServerActor {
    const server = this.servers.get(client.server);
    if (server === undefined) throw new Error(`no server ${client.server}`);
    return server;
  }

  private startClient(plan: ClientPlan): void {
    const { net } = this.host(plan.host);
    const { allowHalfOpen, highWaterMark, script } = plan;
    const aborts = [...script.actions, plan.atOnce].some((one) => one?.operation === 'abort');
    const controller = aborts ? new AbortController() : null;
    let take: (chunk: Uint8Array) => void = () => {};
    const onread = {
      buffer: Buffer.alloc(1 + (plan.id % 5000)),
      callback: (count: number, buffer: Uint8Array): boolean => {
        take(buffer.subarray(0, count));
        return true;
      },
    };
    const socket = new net.Socket({
      allowHalfOpen,
      ...(highWaterMark === null ? {} : { highWaterMark }),
      ...(plan.userRead ? { onread } : {}),
      ...(controller === null ? {} : { signal: controller.signal }),
    });
    const actor = new Actor(this, socket, script, false, `client ${plan.id}`);
    take = (chunk) => actor.takeBytes(chunk);
    actor.controller = controller;
    this.clientPlans.set(actor, plan);
    actor.first = plan.atOnce?.operation ?? 'nothing';
    this.addActor(actor);
    this.connect(actor, plan);
    if (plan.timeoutMs > 0) actor.setTimeout(plan.timeoutMs);
    if (plan.writeBeforeConnect) actor.send(actor.source.next(plan.id * 37));
    if (plan.atOnce === null) return;
    this.census.add(`in the tick of connect: ${plan.atOnce.operation}`);
    perform(actor, plan.atOnce);
  }

  private connect(actor: Actor, plan: ClientPlan): void {
    this.calls++;
    const to = this.serverOf(plan).target(plan.byName);
    this.note(actor.name, 'connect', JSON.stringify(to));
    actor.socket.connect(to);
  }

  /** Connects once more when the socket has closed. */
  planReconnect(actor: Actor): void {
    const plan = this.clientPlans.get(actor);
    if (plan !== undefined) actor.reconnect = () => this.connect(actor, plan);
  }

  private get busyEnough(): boolean {
    const { world } = this.simulation;
    return this.calls >= CALLS_MIN && this.faults + world.faultCount >= FAULTS_MIN;
  }

  async execute(): Promise<void> {
    const { plan, simulation } = this;
    for (const server of plan.servers) this.servers.set(server.id, new ServerActor(this, server));
    for (let wave = 1; wave <= WAVES_MAX && !this.busyEnough; wave++) {
      this.note('run', 'wave', wave);
      for (const server of this.servers.values()) server.restart();
      for (const client of plan.clients) {
        setTimeout(() => this.startClient(client), client.connectAtMs);
      }
      startFaults(plan, simulation, (kind) => {
        this.faults++;
        this.census.add(`fault: ${kind}`);
      });
      await simulation.clock.sleep(plan.durationMs + 1);
    }
    simulation.world.calm();
    for (const host of Object.values(simulation.hosts)) host.descriptorsMax = 1024;
    await this.end();
  }

  private async end(): Promise<void> {
    const { clock, world } = this.simulation;
    this.quiescing = true;
    this.note('run', 'quiesce');
    for (const actor of [...this.actors]) actor.quiesce();
    const untilMs = clock.now() + LIVENESS_MS;
    while (this.actors.some(({ closed }) => !closed) && clock.now() < untilMs) {
      await clock.sleep(LOOK_EVERY_MS);
    }
    for (const { closed, name } of this.actors) if (!closed) this.wrong(`${name}: does not end`);
    for (const server of this.servers.values()) server.quiesce();
    await clock.sleep(SETTLE_MS);
    for (const actor of this.actors) actor.finish();
    for (const server of this.servers.values()) server.finish();
    await clock.sleep(1);
    for (const leak of world.leaks()) this.wrong(leak);
    if (this.thrown !== this.uncaught) {
      this.wrong(`handlers threw ${this.thrown} times, ${this.uncaught} were reported`);
    }
  }
}

function socketRefs(sockets: readonly Socket[]): WeakRef<object>[] {
  return sockets.map((socket) => new WeakRef<object>(socket));
}

/** The run could not even be ended: a report with nothing but that. */
function brokenOff(error: unknown, problems: readonly string[], events: number): Report {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return {
    problems: [...problems, `broken off: ${text}`],
    ...{ calls: 0, faults: 0, events, bytes: 0, virtualMs: 0 },
    ...{ fingerprint: '', census: [], lines: [], sockets: [] },
  };
}

function reportOf(run: Run): Report {
  const { world } = run.simulation;
  run.census.merge([...world.faultCounts].map(([what, times]) => [`fault: ${what}`, times]));
  return {
    problems: run.problems,
    calls: run.calls,
    faults: world.faultCount + run.faults,
    events: world.eventCount,
    bytes: run.bytes,
    virtualMs: run.nowMs,
    fingerprint: world.fingerprint,
    census: run.census.sorted,
    lines: world.traceLines,
    sockets: socketRefs(run.actors.map(({ socket }) => socket)),
  };
}

/** Runs `plan`. With `loud` the report has the trace's lines. */
export async function runPlan(plan: Plan, loud = false): Promise<Report> {
  let run: Run | undefined;
  const onUncaught = (error: unknown): void => {
    if (error instanceof PlantedThrow) {
      if (run !== undefined) run.uncaught++;
      return;
    }
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    run?.wrong(`uncaught: ${text}`);
  };
  const link = { latencyMs: plan.latencyMs, jitterMs: plan.latencyMs, bytesPerMs: plan.bytesPerMs };
  const { seed, hosts } = plan;
  const options = { seed, hosts, link, trace: loud, onUncaught, stepsMax: STEPS_MAX };
  const { callFaults: calls, shortWrites, spuriousWakes } = plan;
  try {
    return await simulate(options, async (simulation) => {
      run = new Run(plan, simulation, loud);
      simulation.world.faults({ calls, shortWrites, spuriousWakes });
      await run.execute();
      return reportOf(run);
    });
  } catch (error) {
    // A loop without end, a program that waits for ever: the simulation stops these itself.
    return brokenOff(error, run?.problems ?? [], run?.simulation.world.eventCount ?? 0);
  }
}

/** What is wrong with a whole seed, having done too little included. */
export function problemsOf({ problems, calls, faults }: Report): readonly string[] {
  if (problems.length > 0 || (calls >= CALLS_MIN && faults >= FAULTS_MIN)) return problems;
  return [`does too little: ${calls} calls of the API, ${faults} faults`];
}
