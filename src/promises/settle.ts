/** Makes one promise of the first of several events. It leaves no listener behind. */

import type { EventEmitter } from 'node:events';
import { addAbortListener } from 'node:events';
import { option } from '../util/options.js';
import { abortError, validateAbortSignal } from '../util/validate.js';

/**
 * The event that fulfils, and the events that reject; each of the latter makes an error of its
 * argument.
 */
export interface Outcomes {
  readonly fulfil: string;
  readonly reject: Readonly<Record<string, (argument: unknown) => unknown>>;
}

/** Checks and returns `options.signal`; throws an `AbortError` if it is aborted already. */
export function checkedSignal(options: object): AbortSignal | undefined {
  const signal: unknown = option(options as { signal?: unknown }, 'signal');
  if (signal === undefined) return undefined;
  validateAbortSignal(signal, 'options.signal');
  if (signal.aborted) throw abortError(signal);
  return signal;
}

/** Waits for the first of `outcomes`, or for the signal. */
export function settle(
  emitter: EventEmitter,
  outcomes: Outcomes,
  signal: AbortSignal | undefined,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const listeners = new Map<string, (argument: unknown) => void>();
    let aborting: Disposable | null = null;
    const end = (): void => {
      for (const [event, listener] of listeners) emitter.off(event, listener);
      aborting?.[Symbol.dispose]();
    };
    listeners.set(outcomes.fulfil, () => {
      end();
      resolve();
    });
    for (const [event, toError] of Object.entries(outcomes.reject)) {
      listeners.set(event, (argument) => {
        end();
        reject(toError(argument));
      });
    }
    for (const [event, listener] of listeners) emitter.on(event, listener);
    if (signal === undefined) return;
    aborting = addAbortListener(signal, () => {
      end();
      reject(abortError(signal));
    });
  });
}
