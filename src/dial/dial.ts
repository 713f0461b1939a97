/**
 * Makes one connected stream out of a target. It tries the addresses of a name in turn, as in RFC
 * 8305: the next address when the present one fails or its time is over. It gives up none of them
 * while they run. The first to connect wins, and the others are closed. In serial mode it closes
 * an attempt whose time is over, as `node:net` does. It keeps every error.
 */
import type { AsyncContext } from '../reactor/pollable.js';
import type { Host } from '../transport/host.js';
import type { Stream } from '../transport/stream.js';
import type { Timer } from '../util/clock.js';
import { stateError } from '../util/errors.js';
import { isIP } from '../util/ip.js';
import { errno } from '../util/system_error.js';
import { connectError, openAttempt, startAttempt } from './attempt.js';
import { resolve } from './resolve.js';
import type { DialAddress, DialTarget } from './target.js';

/** The callbacks of a dial. Each of them may cancel it. */
export interface DialObserver {
  onLookup(error: Error | null, address: string | undefined, family: number | undefined): void;
  onAttempt(address: string, port: number, family: number): void;
  onAttemptFailed(address: string, port: number, family: number, error: Error): void;
  onAttemptTimeout(address: string, port: number, family: number): void;
  /** The name has several addresses to try. */
  onSeveral(): void;
  onConnected(stream: Stream): void;
  /** No attempt succeeded. */
  onFailed(error: Error): void;
}

/** The errors of all attempts as one AggregateError, with the code of the first, as in Node. */
function allErrors(errors: readonly Error[]): Error {
  const first = errors[0] as NodeJS.ErrnoException | undefined;
  return Object.assign(new AggregateError(errors), { code: first?.code });
}

export class Dial {
  private addresses: DialAddress[] = [];
  private nextIndex = 0;
  private readonly running = new Map<Stream, DialAddress>();
  private readonly errors: Error[] = [];
  private timer: Timer | null = null;
  private over = false;
  private referenced = true;

  constructor(
    private readonly host: Host,
    private readonly target: DialTarget,
    private readonly observer: DialObserver,
    private readonly context: AsyncContext | null,
  ) {}

  /** Starts dialling. It reports nothing before `start` returns, unless the user's lookup does. */
  start(): void {
    const { host } = this.target;
    const family = isIP(host);
    if (family === 0) {
      this.resolve();
      return;
    }
    if (this.target.bound !== null) {
      // Not deferred: the local address must be readable when `connect` has returned.
      this.addresses = [{ address: host, family }];
      this.attemptNext();
      return;
    }
    this.host.clock.nextTick(() => {
      this.addresses = [{ address: host, family }];
      if (!this.over) this.attemptNext();
    });
  }

  /** Closes the running attempts; the dial reports nothing from then on. */
  cancel(): void {
    this.over = true;
    this.host.clock.clearTimer(this.timer);
    this.timer = null;
    for (const stream of this.running.keys()) stream.close();
    this.running.clear();
  }

  /** Lets the running attempts keep the process alive again. */
  ref(): void {
    this.referenced = true;
    for (const stream of this.running.keys()) stream.ref();
  }

  unref(): void {
    this.referenced = false;
    for (const stream of this.running.keys()) stream.unref();
  }

  private resolve(): void {
    resolve(this.host, this.target, {
      wanted: () => !this.over,
      onLookup: (error, address, family) => this.observer.onLookup(error, address, family),
      onResolved: (addresses) => {
        this.addresses = addresses;
        if (addresses.length > 1) this.observer.onSeveral();
        this.attemptNext();
      },
      onResolveError: (error) => this.host.clock.nextTick(() => this.fail(error)),
    });
  }

  private get several(): boolean {
    return this.addresses.length > 1;
  }

  /** Starts the attempt for the next address. If it fails at once, goes on to the one after. */
  private attemptNext(): void {
    this.host.clock.clearTimer(this.timer);
    this.timer = null;
    while (!this.over && this.nextIndex < this.addresses.length) {
      const to = this.addresses[this.nextIndex++] as DialAddress;
      if (this.attempt(to)) return;
    }
    if (!this.over && this.running.size === 0) this.failWithErrors();
  }

  /** Returns whether to stop here: the attempt runs, or the dial is over. */
  private attempt(to: DialAddress): boolean {
    const { host, observer, target } = this;
    const refused = target.refuse?.(to) ?? null;
    if (refused !== null && this.several) return this.attemptFailed(to, refused, true);
    const opened = openAttempt(host, to, target);
    if (opened instanceof Error) return this.attemptFailed(to, opened, false);
    if (!this.referenced) opened.unref();
    this.running.set(opened, to);
    observer.onAttempt(to.address, target.port, to.family);
    if (this.over) return true;
    const error =
      refused ??
      startAttempt(opened, to, target, this.context, (stream, failure) =>
        this.onEnd(opened, stream, failure),
      );
    if (error !== null) {
      opened.close();
      this.running.delete(opened);
      return this.attemptFailed(to, error, this.several);
    }
    if (this.nextIndex < this.addresses.length) this.setTimer(opened, to);
    return true;
  }

  private attemptFailed(to: DialAddress, error: Error, announce: boolean): boolean {
    this.errors.push(error);
    if (announce) this.observer.onAttemptFailed(to.address, this.target.port, to.family, error);
    return this.over;
  }

  private setTimer(stream: Stream, to: DialAddress): void {
    const { observer, target } = this;
    this.timer = this.host.clock.setTimer(() => {
      this.timer = null;
      observer.onAttemptTimeout(to.address, target.port, to.family);
      if (this.over) return;
      if (target.serial) {
        this.errors.push(connectError(-errno.ETIMEDOUT, to, target));
        stream.close();
        this.running.delete(stream);
      }
      this.attemptNext();
    }, target.attemptTimeoutMs);
  }

  private onEnd(opened: Stream, stream: Stream | null, failure: Error | null): void {
    const to = this.running.get(opened);
    this.running.delete(opened);
    if (this.over || to === undefined) return;
    if (stream !== null) {
      this.cancel();
      this.observer.onConnected(stream);
      return;
    }
    if (failure === null) return;
    this.attemptFailed(to, failure, true);
    if (!this.over) this.attemptNext();
  }

  private failWithErrors(): void {
    const first = this.errors[0];
    if (first === undefined) this.fail(stateError('ERR_SOCKET_CONNECTION_TIMEOUT'));
    else this.fail(this.several ? allErrors(this.errors) : first);
  }

  private fail(error: Error): void {
    if (this.over) return;
    this.cancel();
    this.observer.onFailed(error);
  }
}
