/**
 * The target of a dial, and how to connect to it. Everything is checked already: no bad argument
 * throws after this.
 */
import type { LookupAddress } from 'node:dns';
import type { Stream } from '../transport/stream.js';

/** One address of a name. */
export interface DialAddress {
  readonly address: string;
  readonly family: 4 | 6;
}

/**
 * A name lookup with the signature of `dns.lookup`; a user may pass another. `all` is true if the
 * caller wants every address.
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
  /** The time that an attempt has before the next one begins. */
  readonly attemptTimeoutMs: number;
  /** One attempt at a time; each is closed when its time is over, as in `node:net`. */
  readonly serial: boolean;
  /** A descriptor to connect; null for a new one. */
  readonly bound: Stream | null;
  /** Refuses an address, with the error to report for it. */
  readonly refuse: ((address: DialAddress) => Error | null) | null;
}
