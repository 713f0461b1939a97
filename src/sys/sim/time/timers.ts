/** Timers in virtual time, shaped like Node's. */
import { AsyncResource } from 'node:async_hooks';
import type { Agenda, Entry } from './agenda.js';

/** The longest delay of Node's timers. Node takes a longer one as 1 ms. */
const DELAY_MS_MAX = 0x7fffffff;

/** What a timer needs of the loop it runs in. */
export interface TimerLoop {
  readonly timers: Agenda;
  readonly nowMs: number;
  /** How many timers keep the program alive. */
  referencedTimers: number;
}

function delayOf(value: unknown): number {
  const delay = Number(value);
  return delay >= 1 && delay <= DELAY_MS_MAX ? Math.trunc(delay) : 1;
}

/** As Node's `Timeout`. */
export class SimTimer {
  private entry: Entry | null = null;
  private referenced = true;
  private readonly scope = new AsyncResource('Timeout', { requireManualDestroy: true });

  constructor(
    private readonly loop: TimerLoop,
    private readonly run: () => void,
    private readonly delay: unknown,
    private readonly repeats: boolean,
  ) {
    this.set();
  }

  private set(): void {
    const entry = this.loop.timers.add(this.loop.nowMs + delayOf(this.delay), () => this.fire());
    this.entry = entry;
    if (this.referenced) this.loop.referencedTimers++;
  }

  private unset(): void {
    if (this.entry === null) return;
    this.entry.run = null;
    this.entry = null;
    if (this.referenced) this.loop.referencedTimers--;
  }

  private fire(): void {
    this.unset();
    try {
      this.scope.runInAsyncScope(this.run);
    } finally {
      if (this.repeats && !this.cleared) this.refresh();
    }
  }

  private cleared = false;

  ref(): this {
    if (!this.referenced && this.entry !== null) this.loop.referencedTimers++;
    this.referenced = true;
    return this;
  }

  unref(): this {
    if (this.referenced && this.entry !== null) this.loop.referencedTimers--;
    this.referenced = false;
    return this;
  }

  hasRef(): boolean {
    return this.referenced;
  }

  refresh(): this {
    if (this.cleared) return this;
    this.unset();
    this.set();
    return this;
  }

  close(): this {
    this.cleared = true;
    this.unset();
    return this;
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** As Node's `Immediate`. */
export class SimImmediate {
  private referenced = true;
  private readonly scope = new AsyncResource('Immediate', { requireManualDestroy: true });
  cleared = false;

  constructor(private readonly callback: () => void) {}

  run(): void {
    if (!this.cleared) this.scope.runInAsyncScope(this.callback);
  }

  ref(): this {
    this.referenced = true;
    return this;
  }

  unref(): this {
    this.referenced = false;
    return this;
  }

  hasRef(): boolean {
    return this.referenced;
  }

  [Symbol.dispose](): void {
    this.cleared = true;
  }
}
