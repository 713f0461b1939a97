/**
 * Node's `dns`, loaded when the first name is looked up: a server that listens by port or a client
 * of addresses does without, and starts a millisecond earlier.
 */
import type dns from 'node:dns';

export function systemDns(): typeof dns {
  return require('node:dns') as typeof dns;
}

/**
 * Options for `dns.lookup`, each of them said: one that is absent it would find on
 * `Object.prototype`, if somebody has put it there.
 */
export function lookupOptions<All extends boolean>(
  all: All,
  family: number | undefined = 0,
  hints = 0,
) {
  return { family, hints, all, order: undefined, verbatim: undefined };
}
