/**
 * Node's `dns`, loaded when the first name is looked up: a server that listens by port or a client
 * of addresses does without, and starts a millisecond earlier.
 */
import type dns from 'node:dns';

export function systemDns(): typeof dns {
  return require('node:dns') as typeof dns;
}
