import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CONNECTION_STATE } from '#internal/net/connection/connection_state';
import { maskOf, STATE_WORD, shiftOf } from '#internal/transport/state_word';

type Part = keyof typeof STATE_WORD;
const parts = Object.keys(STATE_WORD) as Part[];

const WORDS: [name: string, word: Record<string, readonly [firstBit: number, width: number]>][] = [
  ['the state word of a descriptor', STATE_WORD],
  ['that of a connection', CONNECTION_STATE],
];

for (const [name, word] of WORDS) {
  test(`${name}: no two parts have a bit in common, and all fit into 32`, () => {
    const owners: (string | undefined)[] = [];
    for (const [part, [firstBit, width]] of Object.entries(word)) {
      assert.ok(width > 0, part);
      for (let bit = firstBit; bit < firstBit + width; bit++) {
        assert.equal(owners[bit], undefined, `bit ${bit} is that of ${owners[bit]} and of ${part}`);
        owners[bit] = part;
      }
    }
    assert.ok(owners.length <= 32, `the word has ${owners.length} bits`);
  });
}

test('what a part of the state word is set to is read back, and nothing else changes', () => {
  for (const part of parts) {
    const field = maskOf(part) << shiftOf(part);
    for (const before of [0, -1]) {
      const all = (before & ~field) | (maskOf(part) << shiftOf(part));
      assert.equal((all >> shiftOf(part)) & maskOf(part), maskOf(part), part);
      const none = all & ~field;
      assert.equal((none >> shiftOf(part)) & maskOf(part), 0, part);
      for (const other of parts.filter((name) => name !== part)) {
        const here = (word: number): number => (word >> shiftOf(other)) & maskOf(other);
        assert.equal(here(all), here(before), `${part} changes ${other}`);
        assert.equal(here(none), here(before), `${part} changes ${other}`);
      }
    }
  }
});
