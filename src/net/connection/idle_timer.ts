/**
 * `socket.setTimeout`. Activity costs no timer call: it notes the time. When the timer fires it
 * looks how long ago that was, and waits for the rest.
 *
 * A time-out that is turned off leaves the timer running, which then finds nothing to do. So
 * `http`, which sets the same one after each response and turns it off at the next request, costs
 * no timer call either. What such a timer tells runs in the context of whoever set it last.
 */
import { AsyncResource } from 'node:async_hooks';
import type { Clock, Timer } from '../../util/clock.js';

export class IdleTimer {
  private timer: Timer | null = null;
  /** What `timer` was set for. */
  private armedMs = 0;
  /** Where handlers run, if not where `timer` was made. */
  private context: AsyncResource | null = null;
  private lastActive = 0;
  private timeoutMs = 0;

  constructor(
    private readonly clock: Clock,
    private readonly onIdle: () => void,
  ) {}

  /**
   * Sets the time-out; 0 turns it off. With `mayStay` a timer that still runs for the same time is
   * not made anew. That is only for `http`: with all others, timers of several sockets fire in the
   * order they were set in.
   */
  set(timeoutMs: number, mayStay = false): void {
    const wasOff = this.timeoutMs === 0;
    this.timeoutMs = timeoutMs;
    if (timeoutMs === 0) {
      this.context = null;
      return;
    }
    const runs = this.timer !== null && this.armedMs === timeoutMs;
    if (mayStay && runs && wasOff) this.context = new AsyncResource('Timeout');
    else this.clear();
    this.active();
  }

  /** Something was read or written. */
  active(): void {
    if (this.timeoutMs === 0) return;
    this.lastActive = this.clock.now();
    if (this.timer !== null) return;
    this.armedMs = this.timeoutMs;
    this.arm(this.timeoutMs);
  }

  /** Stops it until the next activity. */
  clear(): void {
    this.clock.clearTimer(this.timer);
    this.timer = null;
    this.context = null;
  }

  private arm(delayMs: number): void {
    this.timer = this.clock.setTimer(this.look, delayMs);
    this.timer.unref();
  }

  private readonly look = (): void => {
    this.timer = null;
    if (this.timeoutMs === 0) return;
    const leftMs = this.timeoutMs - (this.clock.now() - this.lastActive);
    if (leftMs > 0.5) this.arm(Math.ceil(leftMs));
    else if (this.context === null) this.onIdle();
    else this.context.runInAsyncScope(this.onIdle);
  };
}
