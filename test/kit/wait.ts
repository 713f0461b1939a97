/** Bounded waits: a test that waits in vain fails with what it waited for. */
import type { EventEmitter } from 'node:events';

/** How long anything may take; the mutants' runner makes it shorter. */
const WAIT_MS = Number(process.env['BAREWIRE_TEST_WAIT_MS'] ?? 15_000);
const POLL_MS = 5;

/** What is waited for: a text, or what says it when the time is over. */
type What = string | (() => string);

function inVain(what: What): Error {
  return new Error(`waited ${WAIT_MS} ms for ${typeof what === 'string' ? what : what()}`);
}

export async function within<T>(promise: Promise<T>, what: What): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(inVain(what)), WAIT_MS);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The arguments of the next event of this name. */
export function event<Args extends unknown[] = unknown[]>(
  emitter: EventEmitter,
  name: string,
): Promise<Args> {
  const next = new Promise<Args>((resolve) => {
    emitter.once(name, (...args: unknown[]) => resolve(args as Args));
  });
  return within(next, `'${name}'`);
}

/** Looks again and again until `check` says yes. */
export async function until(check: () => boolean | Promise<boolean>, what: What): Promise<void> {
  const end = performance.now() + WAIT_MS;
  while (!(await check())) {
    if (performance.now() > end) throw inVain(what);
    await delay(POLL_MS);
  }
}

export function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** A few turns of the event loop, for what must not happen in them. */
export async function turns(count = 5): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** Everything that an emitter emits of these events, in order. */
export function logOf(emitter: EventEmitter, ...names: string[]): string[] {
  const log: string[] = [];
  for (const name of names) emitter.on(name, () => log.push(name));
  return log;
}
