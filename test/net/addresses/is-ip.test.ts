/** C090–C092: isIP, isIPv4 and isIPv6. */
import assert from 'node:assert/strict';
import nodeNet from 'node:net';
import { row } from '../../kit/row.js';

const V4 = ['0.0.0.0', '127.0.0.1', '255.255.255.255', '1.2.3.4'];
const V6 = ['::', '::1', '1::', '1:2:3:4:5:6:7:8', 'fe80::1', '::ffff:1.2.3.4', 'ABCD::ef01'];
const NEITHER = ['', ' ', '1', '1.2.3', '1.2.3.4.5', '256.1.1.1', '01.2.3.4', '1.2.3.4 ', 'x', ':'];
const NEITHER_V6 = [
  ':::',
  '1::2::3',
  '12345::',
  '1:2:3:4:5:6:7',
  '::1.2.3',
  '::g',
  '1:2:3:4:5:6:7::8',
];

row('C090 isIP gives 4, 6 or 0', ({ net }) => {
  for (const text of V4) assert.equal(net.isIP(text), 4, text);
  for (const text of V6) assert.equal(net.isIP(text), 6, text);
  for (const text of [...NEITHER, ...NEITHER_V6]) assert.equal(net.isIP(text), 0, text);
});

row('C090 isIP takes any type of input', ({ net }) => {
  const others = [undefined, null, 0, 1.5, NaN, true, {}, [], () => {}, 10n, new Date(0)];
  for (const input of others) assert.equal(net.isIP(input as string), 0);
  assert.equal(net.isIP({ toString: () => '::1' } as unknown as string), 6);
  assert.equal(net.isIP(['127.0.0.1'] as unknown as string), 4);
  for (const text of ['\0', '%', '\ud800', '1'.repeat(100_000), ':'.repeat(1000), 'ÿ.1.1.1']) {
    assert.equal(net.isIP(text), 0);
  }
});

row('C091 isIPv4 and isIPv6 are booleans that agree with isIP', ({ net }) => {
  for (const text of [...V4, ...V6, ...NEITHER, ...NEITHER_V6, undefined, 7, {}] as string[]) {
    assert.equal(net.isIPv4(text), net.isIP(text) === 4, text);
    assert.equal(net.isIPv6(text), net.isIP(text) === 6, text);
  }
});

/** A small generator, so that a failure can be repeated. */
function randomNumbers(seed: number): (below: number) => number {
  let x = seed;
  return (below) => {
    x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
    return Math.floor((x / 2 ** 32) * below);
  };
}

const PARTS = ['0', '1', '9', '25', '255', '256', '01', 'a', 'F', 'ffff', '.', '.', ':', ':', '::'];
const ODD = ['g', ' ', '-', '+', '/', '1.2.3.4', '12345', '\0'];

/** Texts near to addresses: pieces of them put together, and addresses with one change. */
function* nearAddresses(count: number): Generator<string> {
  const random = randomNumbers(20260101);
  const pick = (list: readonly string[]): string => list[random(list.length)] ?? '';
  for (let i = 0; i < count; i++) {
    let text = '';
    if (i % 2 === 0) {
      for (let parts = 1 + random(16); parts > 0; parts--) text += pick(PARTS);
    } else {
      const whole = pick([...V4, ...V6]);
      const at = random(whole.length + 1);
      const piece = random(4) === 0 ? pick(ODD) : pick(PARTS);
      text = whole.slice(0, at) + piece + whole.slice(at + random(2));
    }
    yield text;
  }
}

row('C092 they agree with node:net on every input', ({ net }) => {
  const seen = { 0: 0, 4: 0, 6: 0 };
  for (const text of [...V4, ...V6, ...NEITHER, ...NEITHER_V6, ...nearAddresses(40_000)]) {
    if (text.includes('\0')) continue;
    const four = nodeNet.isIPv4(text);
    const six = nodeNet.isIPv6(text);
    assert.equal(net.isIPv4(text), four, JSON.stringify(text));
    assert.equal(net.isIPv6(text), six, JSON.stringify(text));
    seen[four ? 4 : six ? 6 : 0]++;
  }
  for (const [kind, times] of Object.entries(seen)) assert.ok(times > 500, `${kind}: ${times}`);
});

const ZONES = ['%eth0', '%', '%1', '%a b', '%eth0%1', '%é', '%..', '%-', '%_', '%\0'];

row('C092 zone ids and NULs are as node:net has them', ({ net }) => {
  const texts = [...V4, ...V6].flatMap((text) => [
    ...ZONES.map((zone) => text + zone),
    `${text}\0`,
    `\0${text}`,
    `${text}\0junk`,
  ]);
  for (const text of [...texts, ...nearAddresses(5000)]) {
    assert.equal(net.isIP(text), nodeNet.isIP(text), JSON.stringify(text));
  }
});
