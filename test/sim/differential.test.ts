/** Random programs observe the same of `barewire/node` as of `node:net`, on the real kernel. */
import assert from 'node:assert/strict';
import nodeNet from 'node:net';
import { test } from 'node:test';
import ours from 'barewire/node';
import { ACCEPTED, type Parting } from './differential/accepted.js';
import { makeProgram, type Net, runProgram } from './differential/program.js';

const KNOWN = 120;
const FRESH = 30;

/** How many programs were compared only up to a difference that is accepted. */
let cut = 0;

function part(theirs: readonly string[], mine: readonly string[], from: number): number {
  for (let i = from; i < Math.max(theirs.length, mine.length); i++) {
    if (theirs[i] !== mine[i]) return i;
  }
  return -1;
}

async function assertSame(seed: string): Promise<void> {
  const program = makeProgram(seed);
  const theirs = await runProgram(nodeNet, program);
  const mine = await runProgram(ours as unknown as Net, program);
  for (let at = part(theirs, mine, 0); at >= 0; at = part(theirs, mine, at + 1)) {
    const parting: Parting = { theirs, mine, at };
    const accepted = ACCEPTED.find((one) => one.applies(parting));
    if (accepted === undefined) {
      const context = theirs.slice(Math.max(0, at - 4), at).join('\n');
      assert.equal(mine[at], theirs[at], `program ${seed}, behind:\n${context}`);
    } else if (accepted.covers === 'rest') {
      cut++;
      return;
    }
  }
}

test('each accepted difference says why', () => {
  for (const { why } of ACCEPTED) assert(why.length > 20);
});

for (let first = 0; first < KNOWN; first += 20) {
  test(`programs ${first} to ${first + 19} see the same`, async () => {
    for (let i = first; i < first + 20; i++) await assertSame(String(i));
  });
}

test('fresh programs see the same', async () => {
  const name = Date.now().toString(36);
  for (let i = 0; i < FRESH; i++) await assertSame(`${name}-${i}`);
});

test('few programs were cut short by what is accepted', () => {
  assert(cut <= (KNOWN + FRESH) / 10, `${cut} of ${KNOWN + FRESH}`);
});
