/** The idle time-out on a clock that the test moves: when it fires, and how many timers it arms. */
import assert from 'node:assert/strict';
import { AsyncLocalStorage, AsyncResource, executionAsyncId } from 'node:async_hooks';
import { IdleTimer } from '#internal/net/connection/idle_timer';
import type { Clock, Timer } from '#internal/util/clock';
import { test } from '../../kit/test.js';

class HandClock implements Clock {
  armed = 0;
  private nowMs = 0;
  private readonly due = new Map<Timer, { at: number; run: () => void }>();

  now = (): number => this.nowMs;

  setTimer(run: () => void, delayMs: number): Timer {
    const timer: Timer = { ref: () => {}, unref: () => {}, refresh: () => {} };
    this.armed++;
    this.due.set(timer, { at: this.nowMs + delayMs, run: AsyncLocalStorage.bind(run) });
    return timer;
  }

  clearTimer(timer: Timer | null): void {
    if (timer !== null) this.due.delete(timer);
  }

  nextTick(): void {}

  later(): void {}

  onExit(): void {}

  /** Time passes, and what is due meanwhile runs. */
  pass(ms: number): void {
    const end = this.nowMs + ms;
    for (;;) {
      const next = [...this.due].sort(([, a], [, b]) => a.at - b.at)[0];
      if (next === undefined || next[1].at > end) break;
      this.due.delete(next[0]);
      this.nowMs = next[1].at;
      next[1].run();
    }
    this.nowMs = end;
  }
}

function make(): { clock: HandClock; idle: IdleTimer; fired: number[] } {
  const clock = new HandClock();
  const fired: number[] = [];
  const idle = new IdleTimer(clock, () => fired.push(clock.now()));
  return { clock, idle, fired };
}

test('idle timer: off and on again counts from the last time it was set', () => {
  const { clock, idle, fired } = make();
  idle.set(100);
  clock.pass(60);
  idle.set(0);
  clock.pass(30);
  idle.set(100);
  clock.pass(99);
  assert.deepEqual(fired, [], 'the timer of the first one came at 100');
  clock.pass(2);
  assert.deepEqual(fired, [190]);
  clock.pass(1000);
  assert.deepEqual(fired, [190], 'no activity, no second time');
});

test('idle timer: off stays off, and activity does not wake it', () => {
  const { clock, idle, fired } = make();
  idle.set(100);
  idle.set(0);
  idle.active();
  clock.pass(1000);
  idle.active();
  clock.pass(1000);
  assert.deepEqual(fired, []);
});

test('idle timer: another time-out than before, shorter or longer', () => {
  const { clock, idle, fired } = make();
  idle.set(1000);
  idle.set(0);
  idle.set(50);
  clock.pass(51);
  assert.deepEqual(fired, [50]);
  idle.set(50);
  idle.set(0);
  idle.set(400);
  clock.pass(398);
  assert.deepEqual(fired, [50]);
  clock.pass(5);
  assert.deepEqual(fired, [50, 451]);
});

test('idle timer: off and on at each request arms no timer per request', () => {
  const { clock, idle, fired } = make();
  for (let i = 0; i < 1000; i++) {
    idle.set(100, true);
    clock.pass(1);
    idle.set(0);
    clock.pass(1);
  }
  assert.deepEqual(fired, []);
  assert(clock.armed <= 30, `2,000 ms, 100 each: ${clock.armed} timers`);
});

test('idle timer: nor where each request has its own context, and the last one holds', () => {
  const store = new AsyncLocalStorage<number>();
  const clock = new HandClock();
  const seen: unknown[] = [];
  const idle = new IdleTimer(clock, () => seen.push(store.getStore(), executionAsyncId()));
  const inRequest = (id: number, run: () => void): void => {
    new AsyncResource('REQUEST').runInAsyncScope(() => store.run(id, run));
  };
  for (let id = 0; id < 1000; id++) {
    inRequest(id, () => idle.set(100, true));
    clock.pass(1);
    inRequest(id, () => idle.set(0));
    clock.pass(1);
  }
  assert(clock.armed <= 30, `2,000 ms, 100 each: ${clock.armed} timers`);
  inRequest(7, () => idle.set(100, true));
  clock.pass(100);
  assert.equal(seen[0], 7);
  assert.notEqual(seen[1], executionAsyncId());
  store.run(8, () => idle.set(100, true));
  clock.pass(100);
  assert.equal(seen[2], 8, 'armed anew');
});

test('idle timer: off and on in another store of the same context', () => {
  const store = new AsyncLocalStorage<string>();
  const clock = new HandClock();
  const seen: unknown[] = [];
  const idle = new IdleTimer(clock, () => seen.push(store.getStore()));
  for (const mayStay of [false, true]) {
    store.run('first', () => idle.set(100, mayStay));
    idle.set(0);
    store.run('second', () => idle.set(100, mayStay));
    clock.pass(100);
  }
  assert.deepEqual(seen, ['second', 'second']);
});

test('idle timer: set again while on, its handler runs in the context of the last one', () => {
  const store = new AsyncLocalStorage<string>();
  const clock = new HandClock();
  const seen: unknown[] = [];
  const idle = new IdleTimer(clock, () => seen.push(store.getStore()));
  store.run('first', () => idle.set(100));
  store.run('second', () => idle.set(100));
  clock.pass(100);
  assert.deepEqual(seen, ['second']);
});
