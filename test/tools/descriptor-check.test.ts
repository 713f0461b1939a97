/** The test kit's own check of descriptors, on tests with planted mistakes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Ended, runNode } from '../kit/program.js';

async function planted(which: string): Promise<Ended> {
  return runNode('planted', [which], { timeoutMs: 20_000 });
}

test('the descriptor check lets a test pass that closes what it opened', async () => {
  const { code, stdout } = await planted('clean');
  assert.equal(code, 0, stdout);
});

const MISTAKES: [string, RegExp][] = [
  ['leak', /leaked descriptors: \d+/],
  ['leaked server', /leaked descriptors: \d+/],
  ['double close', /close\(\) on descriptor \d+, which was closed before/],
  ['use after close', /read\(\) on descriptor \d+, which was closed before/],
  ['use of -1', /getsockname\(\) on descriptor -1/],
];

for (const [which, message] of MISTAKES) {
  test(`the descriptor check fails a test with a planted ${which}`, async () => {
    const { code, signal, stdout } = await planted(which);
    assert.equal(signal, null, 'the run must end by itself');
    assert.equal(code, 1, stdout);
    assert.match(stdout, message);
  });
}
