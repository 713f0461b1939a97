/**
 * Replaces real time by virtual time while a simulation runs: the global timers, `node:timers` and
 * its promises, `Date`, `performance.now`, `process.hrtime` and `Math.random`.
 */
import { syncBuiltinESMExports } from 'node:module';
import { performance } from 'node:perf_hooks';
import timers from 'node:timers';
import timersPromises from 'node:timers/promises';
import { promisify } from 'node:util';
import { SimImmediate, SimTimer } from '../sys/sim/time/timers.js';
import type { World } from '../sys/sim/world.js';
import { option } from '../util/options.js';

/** Clears timers that a program set before the simulation began. */
const { clearTimeout: clearReal } = timers;

type Callback = (...args: unknown[]) => void;

/** The date at which virtual time begins: a day at midnight, so that logs are easy to read. */
export const EPOCH_MS = Date.UTC(2026, 0, 1);

/** The timer functions over `world`. */
export function timersOf(world: World) {
  const { loop } = world;
  const start = (run: Callback, delay: unknown, args: unknown[], repeats: boolean): SimTimer =>
    new SimTimer(loop, () => run(...args), delay, repeats);
  const stop = (timer: unknown): void => {
    if (timer instanceof SimTimer) timer.close();
    else clearReal(timer as NodeJS.Timeout | undefined);
  };
  const immediate = (run: Callback, ...args: unknown[]): SimImmediate => {
    const made = new SimImmediate(() => run(...args));
    loop.addImmediate(made);
    return made;
  };
  return {
    setTimeout: (run: Callback, delay?: unknown, ...args: unknown[]) =>
      start(run, delay, args, false),
    setInterval: (run: Callback, delay?: unknown, ...args: unknown[]) =>
      start(run, delay, args, true),
    setImmediate: immediate,
    clearTimeout: stop,
    clearInterval: stop,
    clearImmediate: (made: unknown): void => {
      if (made instanceof SimImmediate) made.cleared = true;
    },
  };
}

interface WaitOptions {
  signal?: AbortSignal;
}

/** Resolves with `value` when `begin` calls back. If `options.signal` is aborted first, rejects. */
function wait<T>(begin: (done: () => void) => () => void, value: T, options?: WaitOptions) {
  return new Promise<T>((resolve, reject) => {
    const signal = options && option(options, 'signal');
    const fail = (): void => {
      const error = new Error('The operation was aborted', { cause: signal?.reason });
      reject(Object.assign(error, { name: 'AbortError', code: 'ABORT_ERR' }));
    };
    if (signal?.aborted) {
      fail();
      return;
    }
    const onAbort = (): void => {
      stop();
      fail();
    };
    const stop = begin(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve(value);
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

function promisesOf(virtual: ReturnType<typeof timersOf>) {
  const sleep = <T>(delayMs?: number, value?: T, options?: WaitOptions) =>
    wait(
      (done) => {
        const timer = virtual.setTimeout(done, delayMs);
        return () => timer.close();
      },
      value,
      options,
    );
  const soon = <T>(value?: T, options?: WaitOptions) =>
    wait(
      (done) => {
        const made = virtual.setImmediate(done);
        return () => virtual.clearImmediate(made);
      },
      value,
      options,
    );
  async function* every<T>(delayMs?: number, value?: T, options?: WaitOptions) {
    for (;;) yield await sleep(delayMs, value, options);
  }
  return { setTimeout: sleep, setImmediate: soon, setInterval: every };
}

function dateOf(nowMs: () => number): DateConstructor {
  return new Proxy(Date, {
    construct: (target, args: unknown[], newTarget) => {
      const actual = newTarget === VirtualDate ? target : newTarget;
      return Reflect.construct(target, args.length > 0 ? args : [nowMs()], actual) as object;
    },
    apply: (target) => new target(nowMs()).toString(),
    get: (target, key) => (key === 'now' ? nowMs : (Reflect.get(target, key) as unknown)),
  });
}

let VirtualDate: DateConstructor | null = null;

/** Replaces properties of objects, and puts them back. */
class Replacements {
  private readonly undo: (() => void)[] = [];

  replace(target: object, values: Record<string, unknown>): void {
    for (const [key, value] of Object.entries(values)) {
      const before = Object.getOwnPropertyDescriptor(target, key);
      Object.defineProperty(target, key, { value, configurable: true, writable: true });
      this.undo.push(() => {
        if (before === undefined) Reflect.deleteProperty(target, key);
        else Object.defineProperty(target, key, before);
      });
    }
  }

  restore(): void {
    for (const undo of this.undo.reverse()) undo();
    this.undo.length = 0;
  }
}

function hrtimeOf(nowMs: () => number) {
  const nanoseconds = (): bigint => BigInt(Math.round(nowMs() * 1000)) * 1000n;
  const hrtime = (before?: [number, number]): [number, number] => {
    const since = before === undefined ? 0n : BigInt(before[0]) * 1_000_000_000n;
    const value = nanoseconds() - since - BigInt(before?.[1] ?? 0);
    return [Number(value / 1_000_000_000n), Number(value % 1_000_000_000n)];
  };
  return Object.assign(hrtime, { bigint: nanoseconds });
}

/** Node's modules that keep, for good, the timers that they find when they are loaded. */
const KEEPERS = ['net', 'http', 'http2', 'tls', 'child_process', 'readline', 'worker_threads'];

let loaded = false;

/**
 * Loads these modules on the real timers. If one were first loaded inside a simulation, it would
 * keep virtual timers: a real socket would wait for virtual time later, and the simulated world
 * could never be collected.
 */
function loadKeepers(): void {
  if (loaded) return;
  loaded = true;
  for (const name of KEEPERS) {
    try {
      process.getBuiltinModule(`node:${name}`);
    } catch {
      // This Node was built without the module, such as a Node without TLS.
    }
  }
  new AbortController();
  // Reads every property of `process`, and so makes its streams here, on the real timers.
  syncBuiltinESMExports();
}

/** Makes time virtual for the whole process. Returns a function that ends that. */
export function installVirtualTime(world: World): () => void {
  loadKeepers();
  const virtual = timersOf(world);
  const promises = promisesOf(virtual);
  Object.defineProperty(virtual.setTimeout, promisify.custom, { value: promises.setTimeout });
  Object.defineProperty(virtual.setImmediate, promisify.custom, { value: promises.setImmediate });
  const nowMs = (): number => Math.floor(EPOCH_MS + world.nowMs);
  const random = world.random.fork('Math.random');
  VirtualDate = dateOf(nowMs);
  const replacements = new Replacements();
  replacements.replace(globalThis, { ...virtual, Date: VirtualDate });
  replacements.replace(timers, virtual);
  replacements.replace(timersPromises, promises);
  replacements.replace(performance, { now: () => world.nowMs });
  replacements.replace(process, { hrtime: hrtimeOf(() => world.nowMs) });
  replacements.replace(Math, { random: () => random.unit() });
  syncBuiltinESMExports();
  return () => {
    replacements.restore();
    VirtualDate = null;
    syncBuiltinESMExports();
  };
}
