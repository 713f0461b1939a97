/**
 * `for await (const socket of server)`. A connection is accepted only when the loop asks for one;
 * until then it waits in the kernel's backlog, so that a slow loop holds nothing open in memory.
 */
import { addAbortListener } from 'node:events';
import { option } from '../../util/options.js';
import { abortError, validateAbortSignal } from '../../util/validate.js';
import type { Socket } from '../socket/socket.js';
import { kAcceptor } from '../symbols.js';
import type { ListeningServer as Server } from './listening_server.js';

/** Options of the iteration. */
export interface IterationOptions {
  /** Ends the iteration with an `AbortError`; the server goes on. */
  signal?: AbortSignal | undefined;
}

interface Waiter {
  resolve(result: IteratorResult<Socket, undefined>): void;
  reject(error: unknown): void;
}

const END: IteratorReturnResult<undefined> = { done: true, value: undefined };

export class ConnectionIterator implements AsyncIterableIterator<Socket, undefined> {
  private readonly ready: Socket[] = [];
  private readonly waiters: Waiter[] = [];
  /** An error that nobody has been told of. */
  private failure: { error: unknown } | null = null;
  private over = false;
  private aborting: Disposable | null = null;

  constructor(
    private readonly server: Server,
    options: IterationOptions = {},
  ) {
    const signal = option(options, 'signal');
    if (signal !== undefined) validateAbortSignal(signal, 'options.signal');
    server[kAcceptor].hold();
    server.on('connection', this.onConnection);
    server.on('error', this.onError);
    server.on('close', this.onClose);
    if (signal === undefined) return;
    if (signal.aborted) this.onError(abortError(signal));
    else this.aborting = addAbortListener(signal, () => this.onError(abortError(signal)));
  }

  next(): Promise<IteratorResult<Socket, undefined>> {
    const socket = this.ready.shift();
    if (socket !== undefined) return Promise.resolve({ done: false, value: socket });
    if (this.failure !== null) {
      const { error } = this.failure;
      this.failure = null;
      return Promise.reject(error);
    }
    if (this.over) return Promise.resolve(END);
    return new Promise((resolve, reject) => {
      this.waiters.push({ resolve, reject });
      if (this.waiters.length === 1) this.server[kAcceptor].release();
    });
  }

  /** `break`: the server goes on listening, for the next loop or listener. */
  return(): Promise<IteratorReturnResult<undefined>> {
    this.finish();
    this.failure = null;
    const unwanted = this.ready.splice(0);
    if (this.server.listenerCount('connection') === 0) {
      for (const socket of unwanted) socket.destroy();
    }
    return Promise.resolve(END);
  }

  async throw(error: unknown): Promise<never> {
    await this.return();
    throw error;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  private readonly onConnection = (socket: Socket): void => {
    const waiter = this.waiters.shift();
    if (waiter === undefined) {
      this.ready.push(socket);
      return;
    }
    if (this.waiters.length === 0) this.server[kAcceptor].hold();
    waiter.resolve({ done: false, value: socket });
  };

  private readonly onError = (error: unknown): void => {
    if (this.over) return;
    const waiter = this.waiters.shift();
    if (waiter !== undefined && this.waiters.length === 0) this.server[kAcceptor].hold();
    if (waiter === undefined) this.failure = { error };
    this.finish();
    waiter?.reject(error);
  };

  private readonly onClose = (): void => {
    this.finish();
  };

  private finish(): void {
    if (this.over) return;
    this.over = true;
    const { server } = this;
    const acceptor = server[kAcceptor];
    server.off('connection', this.onConnection);
    server.off('error', this.onError);
    server.off('close', this.onClose);
    this.aborting?.[Symbol.dispose]();
    if (this.waiters.length > 0) acceptor.hold();
    for (const { resolve } of this.waiters.splice(0)) resolve(END);
    if (server.listenerCount('connection') > 0) acceptor.release();
    else releaseForListener(server);
  }
}

/** Accepts nothing until somebody listens for `'connection'`, a loop included. */
export function acceptWhenListened(server: Server): void {
  if (server.listenerCount('connection') > 0) return;
  server[kAcceptor].hold();
  releaseForListener(server);
}

/** What nobody listens for stays in the backlog, until somebody does. */
function releaseForListener(server: Server): void {
  const onNew = (event: unknown): void => {
    if (event !== 'connection') return;
    server.off('newListener', onNew);
    server[kAcceptor].release();
  };
  server.on('newListener', onNew);
}
