/** The asynchronous context that handlers run in, as AsyncLocalStorage and async ids show it. */
import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import type { EventEmitter } from 'node:events';
import type { Server, Socket } from './row.js';

export const storage = new AsyncLocalStorage<string>();

/** Notes what the storage holds at each of these events, listened for in another context. */
export function stores(emitter: EventEmitter, names: readonly string[]): Map<string, Set<unknown>> {
  const seen = new Map<string, Set<unknown>>();
  storage.run('the listener', () => {
    for (const name of names) {
      emitter.on(name, () => {
        const set = seen.get(name) ?? new Set();
        seen.set(name, set.add(storage.getStore()));
      });
    }
  });
  return seen;
}

export function assertAll(
  seen: Map<string, Set<unknown>>,
  names: readonly string[],
  store: string,
): void {
  for (const name of names) assert.deepEqual([name, ...(seen.get(name) ?? [])], [name, store]);
}

export function asyncId(of: Socket | Server): number {
  return (of as unknown as { _handle: { getAsyncId(): number } })._handle.getAsyncId();
}
