/**
 * The handles that are under way over one channel. `child_process` keeps each until the other side
 * confirms it. If that side dies first, `child_process` forgets them all; this file closes them
 * then.
 */
import type { Carrier } from './carrier.js';

/** The inner parts of a channel, on `process` and on a `ChildProcess`. They have no types. */
export interface ChannelInternals {
  readonly channel?: object | null | undefined;
  readonly connected?: boolean;
  disconnect?: (...args: unknown[]) => unknown;
  once(event: 'exit' | 'disconnect', listener: () => void): unknown;
}

class Outbox {
  private readonly carriers: Carrier[] = [];

  constructor(private readonly channel: ChannelInternals) {
    const { disconnect } = channel;
    const look = (): void => this.look();
    // A channel that ends while a handle is under way emits no event, but calls this.
    channel.disconnect = function (this: unknown, ...args: unknown[]): unknown {
      process.nextTick(look);
      return disconnect && Reflect.apply(disconnect, this, args);
    };
    channel.once('disconnect', look);
    if (channel !== (process as object)) channel.once('exit', () => this.closeAll());
  }

  add(carrier: Carrier): void {
    while (this.carriers[0]?.done === true) this.carriers.shift();
    this.carriers.push(carrier);
  }

  private look(): void {
    if (this.channel.channel === null || this.channel.channel === undefined) this.closeAll();
  }

  private closeAll(): void {
    for (const carrier of this.carriers.splice(0)) carrier.drop();
  }
}

const outboxes = new WeakMap<object, Outbox>();

/** Closes `carrier` if the other side of the channel ends before the carrier has arrived. */
export function watchOver(channel: ChannelInternals, carrier: Carrier): void {
  let outbox = outboxes.get(channel);
  if (outbox === undefined) {
    outbox = new Outbox(channel);
    outboxes.set(channel, outbox);
  }
  outbox.add(carrier);
}
