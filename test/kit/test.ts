/**
 * Makes a test that watches descriptors. After it the thread must own the descriptors that it owned
 * before, and it must have made no call on a descriptor that was closed.
 */
import { after, test as nodeTest, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { linux } from '#internal/sys/linux';
import { decorateKernel } from '#internal/transport/host';
import { skipping } from './tools.js';
import { Watch } from './watched-kernel.js';

/** How long descriptors may take to be closed after a test's last line, on a busy machine. */
const SETTLE_MS = 10_000;
const TEST_TIMEOUT_MS = 60_000;

let made: Watch | null = null;
decorateKernel((kernel) => {
  made = new Watch(kernel);
  return made.kernel;
});

/** The kernel that every socket of this thread uses, watched. */
export const watch: Watch = made as unknown as Watch;

let leaked = false;
// A leaked socket would keep the process, and with it the whole run, from ending.
after(() => {
  if (leaked) linux.hookReference(false);
});

export type Cleanup = () => unknown;

/** What a test gets: the runner's context, and a list of things to do at its end. */
export interface Scope {
  readonly t: TestContext;
  /** Runs at the test's end, before the descriptors are counted; last one first. */
  defer(cleanup: Cleanup): void;
}

async function leftOver(before: ReadonlySet<number>): Promise<number[]> {
  const deadline = Date.now() + SETTLE_MS;
  for (;;) {
    const left = linux.ledger().filter((fd) => !before.has(fd));
    if (left.length === 0 || Date.now() > deadline) return left;
    await sleep(2);
  }
}

async function problems(before: ReadonlySet<number>): Promise<Error[]> {
  const left = await leftOver(before);
  const now = new Set(linux.ledger());
  const gone = [...before].filter((fd) => !now.has(fd));
  const found = watch.violations.splice(0);
  if (left.length > 0) found.push(new Error(`leaked descriptors: ${left.join(', ')}`));
  if (gone.length > 0) found.push(new Error(`closed another test's: ${gone.join(', ')}`));
  leaked ||= left.length > 0;
  return found;
}

async function runChecked(t: TestContext, body: (scope: Scope) => unknown): Promise<void> {
  const cleanups: Cleanup[] = [];
  const before = new Set(linux.ledger());
  watch.violations.length = 0;
  try {
    await body({ t, defer: (cleanup) => cleanups.push(cleanup) });
  } finally {
    for (const cleanup of cleanups.reverse()) await cleanup();
  }
  const found = await problems(before);
  if (found.length > 0) throw new AggregateError(found, found.map(String).join('; '));
}

/** A test whose descriptors are checked; times out after 60 s unless told otherwise. */
export function test(
  title: string,
  body: (scope: Scope) => unknown,
  timeoutMs: number = TEST_TIMEOUT_MS,
): void {
  void nodeTest(title, { timeout: timeoutMs }, (t) => skipping(t, () => runChecked(t, body)));
}
