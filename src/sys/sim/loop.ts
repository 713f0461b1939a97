/**
 * The one scheduler of a simulation. It goes through the phases of Node's event loop (timers,
 * polling, immediates) for all machines, in virtual time: the clock moves on when nothing is left
 * to do at this moment. One step runs one callback. Before the next step the caller lets the real
 * ticks and promise jobs run, as Node does between two callbacks.
 */

import type { Faults } from './chance/faults.js';
import type { Prng } from './chance/prng.js';
import type { Trace } from './chance/trace.js';
import type { SimKernel } from './machine/kernel.js';
import { Agenda } from './time/agenda.js';
import type { SimImmediate, TimerLoop } from './time/timers.js';

/** The longest that one callback takes. The network goes on meanwhile. */
const STEP_MS_MAX = 0.05;

/** How often a turn takes only a few of the ready events, which changes who comes first. */
const SHORT_TURN = 0.1;

export type StepResult = 'ran' | 'idle';

export class Loop implements TimerLoop {
  nowMs = 0;
  /** The events of the network and of the kernels. */
  readonly events = new Agenda();
  /** Events that wait for time to pass, and do not make it pass. */
  readonly background = new Agenda();
  /** The timers of the programs. */
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

  /** Runs one callback; `'idle'` if none is left to come. */
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

  /** Runs the events of the network that are due. */
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

  /** Moves the clock to the next event or timer. False if there is none. */
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
