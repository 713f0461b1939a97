import assert from 'node:assert/strict';
import { test } from 'node:test';
import { maskOf, STATE_WORD, shiftOf } from '#internal/transport/state_word';

type Part = keyof typeof STATE_WORD;
const parts = Object.keys(STATE_WORD) as Part[];

test('no two parts of the state word have a bit in common, and all fit into 32 bits', () => {
  const owners: (string | undefined)[] = [];
  for (const part of parts) {
    const [firstBit, width] = STATE_WORD[part];
    assert.ok(width > 0, part);
    for (let bit = firstBit; bit < firstBit + width; bit++) {
      assert.equal(owners[bit], undefined, `bit ${bit} is that of ${owners[bit]} and of ${part}`);
      owners[bit] = part;
    }
  }
  assert.ok(owners.length <= 32, `the word has ${owners.length} bits`);
});

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
