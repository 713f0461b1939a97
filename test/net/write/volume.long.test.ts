/** A GiB through an echo server: every byte comes back, and memory stays flat. */
import { test } from 'node:test';
import { FAMILIES } from '../../kit/echo.js';
import { assertRoundTrip, PEERS } from '../../kit/round-trip.js';

const GIB = 1024 ** 3;

for (const family of FAMILIES) {
  for (const peer of PEERS) {
    test(`1 GiB by ${peer} comes back unchanged over ${family}, with flat memory`, async (t) => {
      await assertRoundTrip(t, family, peer, GIB);
    });
  }
}
