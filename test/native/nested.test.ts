/** The poll hook while a handler runs the event loop itself. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { loopAddon } from '../kit/loop-addon.js';
import { assertPrints } from './support.js';

const folder = mkdtempSync(join(tmpdir(), 'bw-loop-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const env = { LOOP: '' };
before(async () => {
  env.LOOP = await loopAddon(folder);
});

const WAIT_FOR = `
  const { run } = require(process.env.LOOP);
  function waitFor(check) {
    const end = Date.now() + 3000;
    const timer = setTimeout(() => {}, 3100);
    let turns = 0;
    for (; !check(); turns++) {
      if (Date.now() > end) throw new Error('in vain: ' + check);
      run();
    }
    clearTimeout(timer);
    return turns;
  }
`;

test('what is left of a batch comes first, each event in a call of its own, and none twice', () => {
  assertPrints(
    `
    ${WAIT_FOR}
    const log = [];
    let far;
    hook((slot, what) => {
      if (slot === -4) return;
      const nested = control[3] < 0;
      log.push(slot + (nested ? 'n' : ''));
      if (slot === 1) {
        poke(far);
        waitFor(() => log.includes('9n') && log.includes('5n'));
        log.push('behind ' + control[3]);
      }
      if (slot === 3) waitFor(() => log.includes('5n'));
    });
    kernel.hookReference(true);
    const fars = Array.from({ length: 6 }, (_, slot) => watch(slot));
    far = watch(9);
    for (const each of fars) poke(each);
    setTimeout(() => {
      kernel.hookReference(false);
      console.log(log.join());
    }, 100);
  `,
    ['0,1,2n,3n,4n,5n,9n,behind 0'],
    env,
  );
});

test('a call that has taken events of the batch leaves those behind them', () => {
  assertPrints(
    `
    ${WAIT_FOR}
    const log = [];
    hook((slot, what) => {
      if (slot === -4) return;
      log.push(slot);
      if (slot !== 0) return;
      control[3] -= 2;
      waitFor(() => log.length === 4);
    });
    kernel.hookReference(true);
    for (const far of Array.from({ length: 6 }, (_, slot) => watch(slot))) poke(far);
    setTimeout(() => {
      kernel.hookReference(false);
      console.log(log.join());
    }, 100);
  `,
    ['0,3,4,5'],
    env,
  );
});

test('carried work, and work asked for again, go on; it is asked for what is to be sent', () => {
  assertPrints(
    `
    ${WAIT_FOR}
    const log = [];
    let waits = 0;
    hook((slot) => {
      if (slot === -4) { waits++; control[4] = 0; return; }
      if (slot === -1) control[0] = 0;
      if (slot === -2) control[1] = 0;
      log.push(slot);
      if (slot !== 0) return;
      control[0] = control[1] = control[4] = 1;
      waitFor(() => log.length === 3 && waits > 0);
      let late = false;
      setTimeout(() => { late = true; }, 200);
      const turns = waitFor(() => late);
      log.push(turns < 10 ? 'few' : turns);
    });
    kernel.hookReference(true);
    poke(watch(0));
    setTimeout(() => {
      kernel.hookReference(false);
      console.log(log.join());
    }, 400);
  `,
    ['0,-1,-2,few'],
    env,
  );
});

test('outside a turn it is asked for what is to be sent, and for nothing else', () => {
  assertPrints(
    `
    ${WAIT_FOR}
    let waits = 0;
    hook((slot) => { if (slot === -4) { waits++; control[4] = 0; } });
    kernel.hookReference(true);
    // No other timer runs within one, but within an immediate.
    setImmediate(() => {
      let late = false;
      setTimeout(() => { late = true; }, 50);
      waitFor(() => late);
      const before = waits;
      control[4] = 1;
      waitFor(() => waits > before);
      kernel.hookReference(false);
      console.log(before, waits);
    });
  `,
    ['0 1'],
    env,
  );
});

test('a handler within a nested turn throws, or ends the process', () => {
  assertPrints(
    `
    ${WAIT_FOR}
    const log = [];
    process.on('uncaughtException', (error) => log.push('caught ' + error));
    process.on('exit', () => console.log(log.join()));
    hook((slot) => {
      if (slot === -4) return;
      log.push(slot);
      if (slot === 0) waitFor(() => false);
      if (slot === 1) throw 'one';
      if (slot === 2) process.exit(0);
    });
    kernel.hookReference(true);
    for (let slot = 0; slot < 4; slot++) poke(watch(slot));
  `,
    ['0,1,caught one,2'],
    env,
  );
});
