/** Functions for the option `lookup`: each gives fixed addresses for every name. */
import type { Lookup } from '#internal/dial/target';

/** Answers with these addresses before the call returns. */
export function answering(...addresses: string[]): Lookup {
  const found = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  return (_host, options, callback) => {
    if (options.all) callback(null, found);
    else callback(null, found[0]?.address ?? '', found[0]?.family);
  };
}

/** Answers with these IPv4 addresses in the next tick. */
export function answeringLater(...addresses: string[]): Lookup {
  const found = addresses.map((address) => ({ address, family: 4 }));
  return (_host, options, callback) => {
    if (options.all) process.nextTick(callback, null, found);
    else process.nextTick(callback, null, addresses[0] ?? '', 4);
  };
}
