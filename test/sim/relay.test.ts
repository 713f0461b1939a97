/**
 * Relays on the simulated kernel, by seed: `pipe` between two sockets, while calls fail, writes are
 * short, and a bystander interferes at a random moment.
 */
import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { type Simulation, simulate } from 'barewire/testing';
import type { Socket } from '#internal/net/socket/socket';
import { Prng } from '#internal/sys/sim/chance/prng';
import { PatternCheck, PatternSource } from './workload/pattern.js';

const SEEDS = Number(process.env['RELAY_SEEDS'] ?? 25);
const PORT_RELAY = 8001;
const PORT_FAR = 8002;
const CONNECTIONS = 6;
const LIMIT_MS = 2_000_000;
const SETTLE_MS = 130_000;

/** What happens to a relay at some moment. */
const INTERFERENCES = [
  'none',
  'listen',
  'unpipe',
  'pause',
  'destroySource',
  'destroyDestination',
  'tee',
] as const;

class RelayRun {
  readonly problems: string[] = [];
  readonly random: Prng;
  open = 0;
  ended = 0;
  complete = 0;
  private readonly sources = new Map<number, PatternSource>();
  private keys = 0;

  constructor(
    seed: string,
    private readonly simulation: Simulation,
    private readonly withFaults: boolean,
  ) {
    this.random = new Prng(`relay ${seed}`);
  }

  private net(name: string) {
    const host = this.simulation.hosts[name];
    assert(host !== undefined);
    return host.net;
  }

  private watch(socket: Socket): void {
    this.open++;
    socket.on('error', () => {});
    socket.on('close', () => this.open--);
  }

  private atSomeTime(run: () => void): void {
    setTimeout(run, this.random.unit() * 60);
  }

  private interfere(source: Socket, destination: Socket): void {
    const what = this.withFaults ? this.random.pick(INTERFERENCES) : 'none';
    this.atSomeTime(() => {
      if (what === 'listen') source.on('data', () => {});
      else if (what === 'unpipe') {
        source.unpipe(destination);
        setTimeout(() => source.pipe(destination), 3);
      } else if (what === 'pause') {
        source.pause();
        setTimeout(() => source.resume(), 5);
      } else if (what === 'destroySource') source.destroy();
      else if (what === 'destroyDestination') destination.destroy();
      else if (what === 'tee') source.pipe(new PassThrough()).resume();
    });
  }

  private relay(source: Socket): void {
    const destination = this.net('b').connect(PORT_FAR, 'c');
    for (const one of [source, destination]) this.watch(one);
    source.pipe(destination);
    source.on('close', () => destination.destroySoon());
    destination.on('close', () => source.destroy());
    this.interfere(source, destination);
  }

  /** The far end: every byte must be the next one. */
  private receive(socket: Socket): void {
    this.watch(socket);
    const check = new PatternCheck();
    socket.on('data', (chunk: Buffer) => {
      const problem = check.take(chunk);
      if (problem !== null) this.problems.push(problem);
      if (!this.random.chance(0.1)) return;
      socket.pause();
      setTimeout(() => socket.resume(), 2);
    });
    socket.on('end', () => {
      this.ended++;
      const sent = this.sources.get(check.key)?.sentBytes;
      if (sent === check.receivedBytes) this.complete++;
    });
  }

  private send(): void {
    const socket = this.net('a').connect(PORT_RELAY, 'b');
    this.watch(socket);
    const source = new PatternSource(++this.keys);
    this.sources.set(source.key, source);
    for (let i = this.random.between(1, 8); i > 0; i--) {
      socket.write(source.next(this.random.pick([10, 3_000, 90_000, 300_000])));
    }
    socket.end();
    socket.resume();
  }

  async execute(): Promise<void> {
    const { clock, world } = this.simulation;
    const far = this.net('c').createServer((socket) => this.receive(socket));
    const near = this.net('b').createServer({ allowHalfOpen: true }, (s) => this.relay(s));
    // An accept may fail: the others go on.
    for (const server of [far, near]) server.on('error', () => {});
    far.listen(PORT_FAR);
    near.listen(PORT_RELAY);
    await clock.sleep(1);
    if (this.withFaults) {
      world.faults({ calls: this.random.pick([0, 0.002, 0.02]), shortWrites: 0.2 });
    }
    for (let i = 0; i < CONNECTIONS; i++) this.atSomeTime(() => this.send());
    await clock.sleep(500);
    world.calm();
    const untilMs = clock.now() + LIMIT_MS;
    while (this.open > 0 && clock.now() < untilMs) await clock.sleep(500);
    if (this.open > 0) this.problems.push(`${this.open} sockets never closed`);
    near.close();
    far.close();
    await clock.sleep(SETTLE_MS);
    this.problems.push(...world.leaks());
  }
}

interface Outcome {
  readonly run: RelayRun;
  readonly spliced: number;
  readonly uncaught: readonly unknown[];
}

async function runSeed(seed: string, withFaults: boolean): Promise<Outcome> {
  const uncaught: unknown[] = [];
  const link = { latencyMs: 0.2, jitterMs: 0.2, bytesPerMs: 20_000 };
  const options = {
    seed,
    hosts: ['a', 'b', 'c'],
    link,
    trace: true,
    onUncaught: (error: unknown) => uncaught.push(error),
  };
  return simulate(options, async (simulation) => {
    const run = new RelayRun(seed, simulation, withFaults);
    await run.execute();
    const lines = simulation.world.traceLines;
    return { run, uncaught, spliced: lines.filter((line) => / splice /.test(line)).length };
  });
}

test('relays lose, double and mix up no byte, whatever happens', async () => {
  let spliced = 0;
  for (let i = 0; i < SEEDS; i++) {
    const outcome = await runSeed(`relay-${i}`, true);
    assert.deepEqual(outcome.run.problems, [], `seed relay-${i}`);
    assert.deepEqual(outcome.uncaught, [], `seed relay-${i}`);
    spliced += outcome.spliced;
  }
  assert(spliced > SEEDS, `${spliced} splices in ${SEEDS} seeds: is the fast path taken?`);
});

test('undisturbed relays deliver all, and the fast path is taken', async () => {
  const { run, spliced, uncaught } = await runSeed('calm', false);
  assert.deepEqual([run.problems, uncaught], [[], []]);
  assert.equal(run.complete, CONNECTIONS);
  assert(spliced > 0, 'nothing was spliced');
});
