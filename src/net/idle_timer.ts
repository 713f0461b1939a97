/**
 * `socket.setTimeout`. Activity costs no timer call: it notes the time. When the timer fires it
 * looks how long ago that was, and waits for the rest.
 */
import type { Clock, Timer } from '../util/clock.js';

export class IdleTimer {
  private timer: Timer | null = null;
  private lastActive = 0;
  private timeoutMs = 0;

  constructor(
    private readonly clock: Clock,
    private readonly onIdle: () => void,
  ) {}

  /** Sets the time-out; 0 turns it off. */
  set(timeoutMs: number): void {
    this.timeoutMs = timeoutMs;
    this.clear();
    if (timeoutMs > 0) this.active();
  }

  /** Something was read or written. */
  active(): void {
    if (this.timeoutMs === 0) return;
    this.lastActive = this.clock.now();
    if (this.timer === null) this.arm(this.timeoutMs);
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
    const leftMs = this.timeoutMs - (this.clock.now() - this.lastActive);
    if (leftMs > 0.5) this.arm(Math.ceil(leftMs));
    else this.onIdle();
  };
}
