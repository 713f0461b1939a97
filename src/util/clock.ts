/**
 * Timers, ticks and the time, as one object that can be replaced. The real clock captures the
 * timer functions at import: test tools replace the global ones, and a socket's time-outs must not
 * stop then.
 */
import timers from 'node:timers';

/** A timer that a clock set. Only that clock uses it. */
export interface Timer {
  /** The timer keeps the process running. */
  ref(): unknown;
  /** The timer does not keep the process running. */
  unref(): unknown;
  /** Starts the delay again from now. */
  refresh(): unknown;
}

/** Timers, ticks and the time, as this package uses them. */
export interface Clock {
  /** Milliseconds from an arbitrary start, never going back. */
  now(): number;
  /** Calls `run` once, after `delayMs`; `setTimeout`. */
  setTimer(run: () => void, delayMs: number): Timer;
  /** Cancels the timer; does nothing for null. */
  clearTimer(timer: Timer | null): void;
  /** Runs `run` before anything else the event loop does; `process.nextTick`. */
  nextTick(run: () => void): void;
  /** Runs `run` when the loop has dealt with what is due now; `setImmediate`. */
  later(run: () => void): void;
  /** Calls `run` when the process, or this worker thread, begins to exit. */
  onExit(run: () => void): void;
}

// Bound to a local once: an imported name is looked up again at each call.
const { clearTimeout, setImmediate, setTimeout } = timers;
// `performance.now` would do for `now`, but loading it takes a millisecond.
const { hrtime, nextTick } = process;

export const systemClock: Clock = {
  now: () => {
    const [seconds, nanoseconds] = hrtime();
    return seconds * 1e3 + nanoseconds / 1e6;
  },
  setTimer: (run, delayMs) => setTimeout(run, delayMs),
  clearTimer: (timer) => {
    if (timer !== null) clearTimeout(timer as NodeJS.Timeout);
  },
  nextTick: (run) => nextTick(run),
  later: (run) => {
    setImmediate(run);
  },
  onExit: (run) => {
    process.on('exit', run);
  },
};
