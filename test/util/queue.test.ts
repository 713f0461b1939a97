/** The queue of src/util, compared with an array. */
import assert from 'node:assert/strict';

import { Queue } from '#internal/util/queue';
import { test } from '../kit/test.js';

/** The same pushes and shifts on a queue and on an array. */
function compare(steps: readonly number[]): void {
  const queue = new Queue<number>();
  const model: number[] = [];
  let next = 0;
  for (const step of steps) {
    for (let i = 0; i < step; i++) {
      queue.push(next);
      model.push(next++);
    }
    for (let i = step; i < 0; i++) assert.equal(queue.shift(), model.shift());
    assert.equal(queue.length, model.length);
  }
}

test('a queue gives what came first, while it grows, wraps around and shrinks', () => {
  compare([3, -2, 5, -7, 1, -1]);
  compare([10, -7, 13, -5, 40, -30, 100, -121, 1, -1, 17, -17]);
  compare(Array.from({ length: 400 }, (_, i) => ((i * 37) % 23) - 10));
});

test('an empty queue gives nothing, and as often as it is asked', () => {
  const queue = new Queue<string>();
  assert.equal(queue.shift(), undefined);
  queue.push('a');
  assert.equal(queue.shift(), 'a');
  assert.equal(queue.shift(), undefined);
  assert.equal(queue.length, 0);
});
