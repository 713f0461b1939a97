/** The test kit's own time-outs: a program that hangs times out, a slow one does not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { run } from '../kit/program.js';

const LIMIT_MS = 1500;

function node(source: string) {
  return run(process.execPath, ['-e', source], { timeoutMs: LIMIT_MS });
}

test('a program that does nothing times out, and what it printed is told', async () => {
  const hung = node("console.log('so far'); setTimeout(() => {}, 1e6)");
  await assert.rejects(hung, /^Error: timed out: no progress for 1500 ms: .*so far/s);
});

test('a program without end times out by the processor time it used', async () => {
  await assert.rejects(node('for (;;);'), /^Error: timed out: 1500 ms of processor time/);
});

test('a program that goes on slowly does not time out', async () => {
  // It works 100 ms of each 400, as if others had the processor, and longer than its limit.
  const slow = `let left = 6; const again = () => {
    const end = performance.now() + 100; while (performance.now() < end);
    if (--left > 0) setTimeout(again, 300); else console.log('done');
  }; again();`;
  assert.equal((await node(slow)).stdout, 'done\n');
});
