/** What to connect to, and how. All checked: nothing here throws on a bad argument any more. */
import type { LookupAddress } from 'node:dns';
import type { Stream } from '../transport/stream.js';

/** One address of a name. */
export interface DialAddress {
  readonly address: string;
  readonly family: 4 | 6;
}

/**
 * A name lookup as `dns.lookup` is one; a user may bring another. `all` is true where every
 * address is wanted.
 */
export type Lookup = (
  hostname: string,
  options: { family?: number | undefined; hints?: number; all?: boolean },
  callback: (
    error: NodeJS.ErrnoException | null,
    address: string | LookupAddress[],
    family?: number,
  ) => void,
) => void;

export interface DialTarget {
  readonly host: string;
  readonly port: number;
  readonly family: number | undefined;
  readonly hints: number;
  readonly lookup: Lookup | null;
  readonly localAddress: string | undefined;
  readonly localPort: number | undefined;
  /** Try every address of the name, not only the first. */
  readonly every: boolean;
  /** How long an attempt has before the next one begins. */
  readonly attemptTimeoutMs: number;
  /** One attempt at a time, given up when its time is over, as `node:net` has it. */
  readonly serial: boolean;
  /** A descriptor to connect, in place of a new one. */
  readonly bound: Stream | null;
  /** Refuses an address, with the error to report for it. */
  readonly refuse: ((address: DialAddress) => Error | null) | null;
}
