/**
 * `socket.setTimeout`. Activity costs no timer call: it notes the time. When the timer fires it
 * looks how long ago that was, and waits for the rest.
 *
 * A time-out that is turned off leaves the timer running, which then finds nothing to do. So
 * `http`, which sets the same one after each response and turns it off at the next request, costs
 * no timer call either.
 */
import { executionAsyncId } from 'node:async_hooks';
import type { Clock, Timer } from '../../util/clock.js';

export class IdleTimer {
  private timer: Timer | null = null;
  /** What `timer` was set for, and in which asynchronous context: handlers run in that one. */
  private armedMs = 0;
  private armedIn = 0;
  private lastActive = 0;
  private timeoutMs = 0;

  constructor(
    private readonly clock: Clock,
    private readonly onIdle: () => void,
  ) {}

  /**
   * Sets the time-out; 0 turns it off. With `mayStay` a timer that still runs for the same time,
   * in the same asynchronous context as far as its number says, is not made anew: only for `http`,
   * since AsyncLocalStorage can hold something else without the number being another.
   */
  set(timeoutMs: number, mayStay = false): void {
    const wasOff = this.timeoutMs === 0;
    this.timeoutMs = timeoutMs;
    if (timeoutMs === 0) return;
    const runs = this.timer !== null && this.armedMs === timeoutMs;
    if (!mayStay || !runs || !wasOff || this.armedIn !== executionAsyncId()) this.clear();
    this.active();
  }

  /** Something was read or written. */
  active(): void {
    if (this.timeoutMs === 0) return;
    this.lastActive = this.clock.now();
    if (this.timer !== null) return;
    this.armedMs = this.timeoutMs;
    this.armedIn = executionAsyncId();
    this.arm(this.timeoutMs);
  }

  /** Stops it until the next activity. */
  clear(): void {
    this.clock.clearTimer(this.timer);
    this.timer = null;
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
    else this.onIdle();
  };
}
