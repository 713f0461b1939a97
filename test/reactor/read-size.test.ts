import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  HUGE_READ_BYTES,
  leastRoomBytes,
  mayReadVectored,
  nextGuess,
  READ_BYTES,
  withoutHuge,
} from '#internal/reactor/read_size';
import { maskOf } from '#internal/transport/state_word';

/** The guess of a socket that has read messages of these sizes. */
function guessAfter(...sizes: number[]): number {
  return sizes.reduce((guess, size) => nextGuess(size, guess), 0);
}

test('a guess has room in the state word, whatever is read', () => {
  for (let guess = 0; guess <= maskOf('SIZE_GUESS'); guess++) {
    for (const size of [1, 1024, 4096, 4097, READ_BYTES, HUGE_READ_BYTES, 2 ** 20]) {
      const next = nextGuess(size, guess);
      assert.ok(next >= 0 && next <= maskOf('SIZE_GUESS'), `${guess} → ${next} by ${size}`);
    }
  }
});

test('a socket with small messages reads small, and one with larger ones a slab', () => {
  assert.equal(leastRoomBytes(0, false), 1024);
  assert.equal(leastRoomBytes(guessAfter(2000), false), 4097);
  assert.equal(leastRoomBytes(guessAfter(5000), false), READ_BYTES);
  assert.equal(leastRoomBytes(guessAfter(READ_BYTES), false), HUGE_READ_BYTES);
});

test('a frugal read is never huge', () => {
  const guess = guessAfter(HUGE_READ_BYTES, HUGE_READ_BYTES);
  assert.equal(leastRoomBytes(guess, true), READ_BYTES);
});

test('after three filled huge reads in a row the next may be vectored, and not before', () => {
  const filled = [HUGE_READ_BYTES, HUGE_READ_BYTES, HUGE_READ_BYTES];
  assert.equal(mayReadVectored(guessAfter(READ_BYTES, ...filled.slice(0, 2))), false);
  assert.equal(mayReadVectored(guessAfter(READ_BYTES, ...filled)), true);
  assert.equal(mayReadVectored(withoutHuge(guessAfter(...filled))), false);
});

test('small reads take a large guess back to nothing', () => {
  let guess = guessAfter(HUGE_READ_BYTES, HUGE_READ_BYTES, HUGE_READ_BYTES);
  for (let reads = 0; reads < 64; reads++) guess = nextGuess(10, guess);
  assert.equal(leastRoomBytes(guess, false), 1024);
});
