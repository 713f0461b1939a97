/**
 * Node's `dns`, loaded when the first name is looked up. A server that listens by port, or a
 * client that connects to addresses, never loads it, and starts a millisecond earlier.
 */
import type dns from 'node:dns';

export function systemDns(): typeof dns {
  return require('node:dns') as typeof dns;
}

/**
 * The options for `dns.lookup`. All of them are set: `dns.lookup` would take an absent one from
 * `Object.prototype`, if a program has put it there.
 */
export function lookupOptions<All extends boolean>(
  all: All,
  family: number | undefined = 0,
  hints = 0,
) {
  return { family, hints, all, order: undefined, verbatim: undefined };
}
