/**
 * The one scheduler of a simulation. It goes through the phases of Node's event loop (timers,
 * polling, immediates) for all machines, in virtual time, which moves on when nothing is left to
 * do now. One step runs one callback; the caller lets the real ticks and promise jobs run before
 * it asks for the next step, as Node does between two callbacks.
 */
import { Agenda } from './agenda.js';
import type { Faults } from './faults.js';
import type { SimKernel } from './kernel.js';
import type { Prng } from './prng.js';
import type { SimImmediate, TimerLoop } from './timers.js';
import type { Trace } from './trace.js';

/** What running one callback takes, at most; the network goes on meanwhile. */
const STEP_MS_MAX = 0.05;

/** Where the list of what is ready is cut short now and then, to change who comes first. */
const SHORT_TURN = 0.1;

export type StepResult = 'ran' | 'idle';

export class Loop implements TimerLoop {
  nowMs = 0;
  /** What the network and the kernels do. */
  readonly events = new Agenda();
  /** What happens while something else goes on, and is no reason for time to pass. */
  readonly background = new Agenda();
  /** What the programs asked for. */
  readonly timers = new Agenda();
  referencedTimers = 0;
  private immediates: SimImmediate[] = [];
  private readonly phases: Generator<StepResult, never>;

  constructor(
    private readonly random: Prng,
    private readonly kernels: readonly SimKernel[],
    private readonly faults: Faults,
    private readonly trace: () => Trace,
    private readonly uncaught: (error: unknown) => void,
  ) {
    this.phases = this.loop();
  }

  addImmediate(immediate: SimImmediate): void {
    this.immediates.push(immediate);
  }

  /** Runs one callback, or says that there is none left to come. */
  step(): StepResult {
    return this.phases.next().value;
  }

  private run(callback: () => void): void {
    this.nowMs += STEP_MS_MAX * this.random.unit();
    this.deliver();
    try {
      callback();
    } catch (error) {
      this.uncaught(error);
    }
  }

  /** The network's part up to now. */
  private deliver(): void {
    for (;;) {
      const entry = this.background.take(this.nowMs) ?? this.events.take(this.nowMs);
      if (entry === undefined) return;
      const { run } = entry;
      entry.run = null;
      run?.();
    }
  }

  private *loop(): Generator<StepResult, never> {
    for (;;) {
      let ran = false;
      const startMs = this.nowMs;
      for (let due = this.timers.take(startMs); due; due = this.timers.take(startMs)) {
        ran = true;
        const { run } = due;
        this.trace().note('loop', 'timer', due.order);
        if (run !== null) this.run(run);
        yield 'ran';
      }
      for (const step of this.turns()) {
        ran = true;
        this.run(step);
        yield 'ran';
      }
      const { immediates } = this;
      this.immediates = [];
      for (const immediate of immediates) {
        if (immediate.cleared) continue;
        ran = true;
        this.run(() => immediate.run());
        yield 'ran';
      }
      if (!ran && this.immediates.length === 0 && !this.advance()) yield 'idle';
    }
  }

  /** One turn of each machine that has anything to do, in random order. */
  private *turns(): Generator<() => void, void> {
    this.deliver();
    this.wakeSpuriously();
    const due = this.kernels.filter(({ hook }) => hook?.due === true);
    if (due.length > 1) this.random.shuffle(due);
    for (const { hook, machine } of due) {
      const limit = this.random.chance(SHORT_TURN) ? this.random.between(1, 4) : 1024;
      this.trace().note(machine.name, 'turn', limit);
      if (hook !== null) yield* hook.turn(limit);
    }
  }

  private wakeSpuriously(): void {
    if (this.kernels.length === 0 || !this.random.chance(this.faults.spurious)) return;
    const { hook, machine } = this.random.pick(this.kernels);
    const fd = hook?.epoll.wakeSpuriously(this.random) ?? -1;
    if (fd < 0) return;
    this.faults.struck('spurious wake-up');
    this.trace().note(machine.name, 'spurious wake-up', fd);
  }

  /** Moves the clock to what comes next. False where nothing does. */
  private advance(): boolean {
    const event = this.events.first();
    const timer = this.timers.first();
    if (event === undefined && timer === undefined) return false;
    const meanwhileMs = this.background.first()?.atMs ?? Infinity;
    const nextMs = Math.min(event?.atMs ?? Infinity, timer?.atMs ?? Infinity, meanwhileMs);
    this.nowMs = Math.max(this.nowMs, nextMs);
    this.deliver();
    return true;
  }
}
