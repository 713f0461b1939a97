/** Which addresses are tried, and in which order: tables. */
import assert from 'node:assert/strict';
import type { LookupAddress } from 'node:dns';
import { test } from 'node:test';
import { interleaveFamilies, usableAddresses } from '#internal/dial/order';
import type { DialAddress } from '#internal/dial/target';

const v4 = (address: string): DialAddress => ({ address, family: 4 });
const v6 = (address: string): DialAddress => ({ address, family: 6 });

const ORDERS: readonly (readonly [string, DialAddress[], DialAddress[]])[] = [
  ['nothing stays nothing', [], []],
  ['one family keeps its order', [v4('1.1.1.1'), v4('2.2.2.2')], [v4('1.1.1.1'), v4('2.2.2.2')]],
  [
    'the family found first begins, and they alternate',
    [v6('::1'), v6('::2'), v4('1.1.1.1'), v4('2.2.2.2')],
    [v6('::1'), v4('1.1.1.1'), v6('::2'), v4('2.2.2.2')],
  ],
  [
    'IPv4 begins where the system put it first',
    [v4('1.1.1.1'), v6('::1'), v6('::2')],
    [v4('1.1.1.1'), v6('::1'), v6('::2')],
  ],
  [
    'the rest of the longer family comes last',
    [v6('::1'), v4('1.1.1.1'), v4('2.2.2.2'), v4('3.3.3.3')],
    [v6('::1'), v4('1.1.1.1'), v4('2.2.2.2'), v4('3.3.3.3')],
  ],
];

for (const [title, given, wanted] of ORDERS) {
  test(`addresses in order: ${title}`, () => {
    assert.deepEqual(interleaveFamilies(given), wanted);
  });
}

const ANSWERS: readonly (readonly [string, LookupAddress[], DialAddress[]])[] = [
  ['an address given twice is tried once', [v4('1.1.1.1'), v4('1.1.1.1')], [v4('1.1.1.1')]],
  ['a family that is no family is left out', [{ address: '1.1.1.1', family: 5 }], []],
  ['a text that is no address is left out', [{ address: 'example', family: 4 }], []],
  ['what is usable stays in its order', [v6('::2'), v6('::1')], [v6('::2'), v6('::1')]],
];

for (const [title, given, wanted] of ANSWERS) {
  test(`usable answers of a lookup: ${title}`, () => {
    assert.deepEqual(usableAddresses(given), wanted);
  });
}
