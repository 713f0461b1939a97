/** The server of `listen()`: a `Server` whose `close` can be awaited. */

import type { Server } from '../net/public_types.js';
import { stateError } from '../util/errors.js';
import { checkedSignal, settle } from './settle.js';

/** Options of `close`. */
export interface CloseOptions {
  /** Ends the wait with an `AbortError`. The server has stopped accepting by then. */
  signal?: AbortSignal | undefined;
}

/** A `Server` whose `close` returns a promise. */
export interface PromiseServer extends Omit<Server, 'close'> {
  /** Closes the server and calls back, as `Server`'s `close`. */
  close(callback: (error?: Error) => void): this;
  /**
   * Stops accepting, and fulfils when the last connection has ended. Rejects with
   * `ERR_SERVER_NOT_RUNNING` if the server does not listen.
   */
  close(options?: CloseOptions): Promise<void>;
}

async function closed(server: Server, close: Server['close'], options: object): Promise<void> {
  const signal = checkedSignal(options);
  const running = server.listening;
  const waiting = settle(server, { fulfil: 'close', reject: {} }, signal);
  Reflect.apply(close, server, []);
  await waiting;
  if (!running) throw stateError('ERR_SERVER_NOT_RUNNING');
}

/** Gives this one server a `close` that returns a promise if it gets no callback. */
export function withPromises(server: Server): PromiseServer {
  const { close } = server;
  function closePromise(
    this: Server,
    options?: CloseOptions | ((error?: Error) => void),
  ): Server | Promise<void> {
    if (typeof options === 'function') return Reflect.apply(close, this, [options]);
    const promise = closed(this, close, options ?? {});
    // Code that knows nothing of the promise may call this and ignore the result.
    promise.catch(() => {});
    return promise;
  }
  Object.defineProperty(server, 'close', {
    value: closePromise,
    configurable: true,
    writable: true,
  });
  return server as Server & Pick<PromiseServer, 'close'>;
}
