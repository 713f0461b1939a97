/** Decides which addresses are tried, and in which order. Pure. */
import type { LookupAddress } from 'node:dns';
import { isIP } from '../util/ip.js';
import { pick } from '../util/options.js';
import type { DialAddress } from './target.js';

/** One entry of a lookup's result. */
export interface FoundAddress {
  readonly address: string | undefined;
  readonly family: number | undefined;
}

function foundIn(entry: unknown): FoundAddress[] {
  if (entry === undefined || entry === null) return [];
  const { address, family } = pick(Object(entry) as LookupAddress, ['address', 'family']);
  return [{ address, family }];
}

/** A lookup's result as a list, without entries that are null or undefined. */
export function answerList(
  address: string | readonly (LookupAddress | null | undefined)[],
  family: number | undefined,
): readonly FoundAddress[] {
  if (Array.isArray(address)) return Array.from(address).flatMap(foundIn);
  return [{ address: address as string, family: family ?? 0 }];
}

/** The usable addresses among a lookup's result: of a known family, each once. */
export function usableAddresses(found: readonly FoundAddress[]): DialAddress[] {
  const seen = new Set<string>();
  const usable: DialAddress[] = [];
  for (const { address, family } of found) {
    if (address === undefined || isIP(address) === 0 || seen.has(address)) continue;
    if (family !== 4 && family !== 6) continue;
    seen.add(address);
    usable.push({ address, family });
  }
  return usable;
}

/**
 * Alternates between the families, beginning with that of the first address (RFC 8305, section 4).
 * So a family that does not work at all costs one attempt's delay, not one per address.
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
