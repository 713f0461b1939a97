/** Looks a name up, and reports the errors of `node:net` for results without a usable address. */
import type { Host } from '../transport/host.js';
import { invalidAddressFamily, invalidIpAddress } from '../util/errors.js';
import { isIP } from '../util/ip.js';
import { answerList, type FoundAddress, interleaveFamilies, usableAddresses } from './order.js';
import { lookupOptions, systemDns } from './system_dns.js';
import type { DialAddress, DialTarget, Lookup } from './target.js';

export interface ResolveObserver {
  /** Whether the result is still of use. */
  wanted(): boolean;
  onLookup(error: Error | null, address: string | undefined, family: number | undefined): void;
  onResolved(addresses: DialAddress[]): void;
  onResolveError(error: Error): void;
}

function uselessAnswer(found: readonly FoundAddress[], target: DialTarget): Error {
  const { address, family } = found[0] ?? { address: undefined, family: 0 };
  if (typeof address !== 'string' || isIP(address) === 0) return invalidIpAddress(address);
  return invalidAddressFamily(family, target.host, target.port);
}

/** Looks `target.host` up and reports. It reports nothing before it returns, unless lookup does. */
export function resolve(host: Host, target: DialTarget, observer: ResolveObserver): void {
  const { family } = target;
  const fixed = family === 4 || family === 6;
  const hints = fixed || target.hints !== 0 ? target.hints : systemDns().ADDRCONFIG;
  const every = target.every && !fixed;
  const lookup = target.lookup ?? ((host.lookup ?? systemDns().lookup) as Lookup);
  // Passes a user's lookup the same options as `node:net` does.
  const theirs = every ? { family, hints, all: true } : { family, hints };
  const options = target.lookup === null ? lookupOptions(every, family, hints) : theirs;
  lookup(target.host, options, (error, address, answerFamily) => {
    if (every && !observer.wanted()) return;
    if (error) {
      if (every) observer.onLookup(error, undefined, undefined);
      else observer.onLookup(error, address as string, answerFamily);
      if (observer.wanted()) observer.onResolveError(error);
      return;
    }
    const found = answerList(address, answerFamily);
    for (const one of found) {
      observer.onLookup(null, one.address, one.family);
      if (!observer.wanted()) return;
    }
    const usable = interleaveFamilies(usableAddresses(found));
    if (usable.length > 0) observer.onResolved(usable);
    else observer.onResolveError(uselessAnswer(found, target));
  });
}
