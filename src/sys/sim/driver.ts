/**
 * Runs a simulation's steps, each in a macrotask of the real event loop: Node then runs the ticks
 * and promise jobs of one callback before the next one begins, as it does for real events.
 */
import { performance } from 'node:perf_hooks';
import timers from 'node:timers';
import type { Loop } from './loop.js';

const { setImmediate } = timers;
const now = performance.now.bind(performance);

/** Macrotasks kept under way, so that the real loop seldom has to turn for the next one. */
const BATCH = 16;

/** How long an idle simulation waits for something outside it, such as a file or a module. */
const GRACE_MS = 500;

export interface DriveOptions {
  /** Asked before each step. */
  readonly done: () => boolean;
  /** The run ends with an error after this many steps. */
  readonly stepsMax: number;
  /** Virtual time ends here. */
  readonly timeMaxMs: number;
  /** Whether an idle simulation ends at once, without waiting for something outside it. */
  readonly untilIdle?: boolean;
}

/** Why driving ended before `done`. */
export type DriveEnd = 'done' | 'idle' | 'too many steps' | 'out of time';

export class Driver {
  private steps = 0;
  private idleSinceMs = -1;
  private end: ((how: DriveEnd) => void) | null = null;

  constructor(
    private readonly loop: Loop,
    private readonly options: DriveOptions,
  ) {}

  run(): Promise<DriveEnd> {
    return new Promise((resolve) => {
      this.end = resolve;
      for (let i = 0; i < BATCH; i++) setImmediate(this.task);
    });
  }

  private readonly task = (): void => {
    if (this.end === null) return;
    const how = this.step();
    if (how === null) {
      setImmediate(this.task);
      return;
    }
    const { end } = this;
    this.end = null;
    end(how);
  };

  private step(): DriveEnd | null {
    const { done, stepsMax, timeMaxMs, untilIdle } = this.options;
    if (done()) return 'done';
    if (this.steps >= stepsMax) return 'too many steps';
    if (this.loop.nowMs > timeMaxMs) return 'out of time';
    if (this.loop.step() === 'ran') {
      this.steps++;
      this.idleSinceMs = -1;
      return null;
    }
    if (this.idleSinceMs < 0) this.idleSinceMs = now();
    if (untilIdle === true || now() - this.idleSinceMs > GRACE_MS) return 'idle';
    return null;
  }
}
