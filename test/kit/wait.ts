/** Waits with a limit: when the time is over, a test fails with a text on what it waited for. */
import type { EventEmitter } from 'node:events';

/** How long a wait may take. The runner of the mutants makes it shorter. */
const WAIT_MS = Number(process.env['BAREWIRE_TEST_WAIT_MS'] ?? 15_000);
const POLL_MS = 5;

/** What a test waits for, as a text, or a function that makes the text when the time is over. */
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

/** Calls `check` again and again until it gives true. */
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

/** Lets the event loop turn a few times, to show that something does not happen. */
export async function turns(count = 5): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** A list to which the name of each of these events is added when it is emitted. */
export function logOf(emitter: EventEmitter, ...names: string[]): string[] {
  const log: string[] = [];
  for (const name of names) emitter.on(name, () => log.push(name));
  return log;
}
