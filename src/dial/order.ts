/** Which addresses are tried, and in which order. Pure. */
import type { LookupAddress } from 'node:dns';
import { isIP } from '../util/ip.js';
import type { DialAddress } from './target.js';

/** The usable ones of what a lookup gave: real addresses of a known family, each once. */
export function usableAddresses(found: readonly LookupAddress[]): DialAddress[] {
  const seen = new Set<string>();
  const usable: DialAddress[] = [];
  for (const { address, family } of found) {
    if ((family !== 4 && family !== 6) || isIP(address) === 0 || seen.has(address)) continue;
    seen.add(address);
    usable.push({ address, family });
  }
  return usable;
}

/**
 * Alternates between the families, beginning with the first one found (RFC 8305, section 4), so
 * that a family which does not work at all costs one attempt's delay and not one per address.
 */
export function interleaveFamilies(addresses: readonly DialAddress[]): DialAddress[] {
  const first = addresses[0]?.family;
  const mine = addresses.filter(({ family }) => family === first);
  const others = addresses.filter(({ family }) => family !== first);
  const ordered: DialAddress[] = [];
  for (let i = 0; i < Math.max(mine.length, others.length); i++) {
    const a = mine[i];
    const b = others[i];
    if (a) ordered.push(a);
    if (b) ordered.push(b);
  }
  return ordered;
}
