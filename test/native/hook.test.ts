/** The poll hook: turns, handlers that throw, threads that end. Each in a process of its own. */
import { test } from 'node:test';
import { assertPrints } from './support.js';

const VALUES = ['null', 'undefined', '0', "new Error('x')", "Symbol('s')"];

/** How String() shows what the expression throws. */
function shownAs(expression: string): string {
  return expression
    .replace('new Error', 'Error: ')
    .replace(/^Error: \W+x\W+$/, 'Error: x')
    .replaceAll("'", '');
}

/** Three events; the first handler does something bad. The others must be run all the same. */
const THREE_EVENTS = `
  const seen = [];
  process.on('uncaughtException', (error) => seen.push('caught ' + String(error)));
  hook((slot) => {
    seen.push(slot);
    process.nextTick(() => seen.push('tick ' + slot));
    Promise.resolve().then(() => seen.push('job ' + slot));
    if (slot === 2) setTimeout(print, 20);
    if (slot === 0) bad();
  });
  kernel.hookReference(true);
  for (let slot = 0; slot < 3; slot++) poke(watch(slot, slot * 7));
  function print() {
    kernel.hookReference(false);
    // A worker's console can lose what is printed at the end.
    require('node:fs').writeSync(1, seen.join() + '\\n');
  }
`;

test('a turn runs the ticks and jobs of one event before the next', () => {
  assertPrints(`const bad = () => {}; ${THREE_EVENTS}`, [
    '0,tick 0,job 0,1,tick 1,job 1,2,tick 2,job 2',
  ]);
});

test('what a handler, its tick or its promise job throws hurts no other event', () => {
  for (const value of VALUES) {
    const shown = shownAs(value);
    assertPrints(`const bad = () => { throw ${value}; }; ${THREE_EVENTS}`, [
      `0,caught ${shown},1,tick 0,tick 1,job 0,job 1,2,tick 2,job 2`,
    ]);
    const inTick = `const bad = () => process.nextTick(() => { throw ${value}; }); ${THREE_EVENTS}`;
    assertPrints(inTick, [`0,tick 0,caught ${shown},1,tick 1,job 0,job 1,2,tick 2,job 2`]);
  }
});
test('in a worker, what a handler throws is caught there, or ends the worker alone', () => {
  for (const value of VALUES.slice(0, 4)) {
    assertPrints(
      `
      const bad = PRELUDE + 'const bad = () => { throw ${value.replaceAll("'", '"')}; };';
      const events = bad + ${JSON.stringify(THREE_EVENTS)};
      const one = new threads.Worker(events, { eval: true, stdout: false });
      one.on('exit', (code) => {
        console.log('first', code);
        const without = events.replace("process.on('uncaughtException',", 'void (');
        const two = new threads.Worker(without, { eval: true });
        two.on('error', (error) => console.log('error', String(error?.message ?? error)));
        two.on('exit', (code) => console.log('second', code));
      });
    `,
      [
        `0,caught ${shownAs(value)},1,tick 0,tick 1,job 0,job 1,2,tick 2,job 2`,
        'first 0',
        `error ${shownAs(value).replace('Error: ', '')}`,
        'second 1',
      ],
    );
  }
});

test('without a handler for it, an exception ends the process with 1', () => {
  assertPrints(
    `
    const { spawnSync } = require('node:child_process');
    const go = 'poke(watch(0)); kernel.hookReference(true);';
    const program = PRELUDE + 'hook(() => { throw null; });' + go;
    const { status, signal } = spawnSync(process.execPath, ['-e', program]);
    console.log(status, signal);
    const exits = PRELUDE + 'hook(() => process.exit(9));' + go;
    const second = spawnSync(process.execPath, ['-e', exits]);
    console.log(second.status, second.signal);
  `,
    ['1 null', '9 null'],
  );
});

test('a hook that is opened and never used, or opened twice', () => {
  assertPrints(
    `
    const fd = hook(() => {});
    assert.ok(fd > 2);
    assert.equal(hook(() => {}), -E.EALREADY);
    assert.equal(kernel.close(fd, -1), -E.EBADF, 'it is the hook\\'s own');
    assert.deepEqual(kernel.ledger(), []);
    kernel.hookReference(true);
    kernel.hookReference(false);
    assert.equal(kernel.hookControl(fd, C.EPOLL_CTL_ADD, EDGE, 0, 0), -E.EINVAL, 'itself');
    assert.equal(kernel.hookControl(9999, C.EPOLL_CTL_ADD, EDGE, 0, 0), -E.EBADF);
    assert.equal(kernel.hookControl(0, 77, EDGE, 0, 0), -E.EINVAL);
    console.log('ends by itself');
  `,
    ['ends by itself'],
  );
});

test('slot and generation come back whole, and leave with the descriptor', () => {
  assertPrints(
    `
    hook((slot, at) => {
      console.log(slot, control[6 + at * 3], control[7 + at * 3] & C.EPOLLIN);
      if (slot === 6) setImmediate(leave);
      if (slot === 2 ** 31 - 1) kernel.hookReference(false);
    });
    kernel.hookReference(true);
    const [near, far] = sockets();
    const epoll = kernel.hookControl(near, C.EPOLL_CTL_ADD, EDGE, 5, 5);
    assert.equal(kernel.hookControl(near, C.EPOLL_CTL_ADD, EDGE, 5, 5), -E.EEXIST);
    assert.equal(kernel.hookControl(near, C.EPOLL_CTL_MOD, EDGE, 6, -6), 0);
    poke(far);
    function leave() {
      poke(far);
      assert.equal(kernel.hookControl(near, C.EPOLL_CTL_DEL, 0, 0, 0), 0);
      setTimeout(() => poke(watch(2 ** 31 - 1, -(2 ** 31))), 20);
    }
  `,
    ['6 -6 1', '2147483647 -2147483648 1'],
  );
});

test('carried work runs in the next turn, work asked for again in this one', () => {
  assertPrints(
    `
    const log = [];
    let next = 2;
    hook((what) => {
      const turn = control[2];
      if (what === -1) control[0] = --next;
      if (what === -2) control[1] = 0;
      log.push(what + '@' + (turn - first));
      if (log.length === 4) setTimeout(carry, 20);
      if (log.length === 5) setTimeout(print, 20);
      if (what >= 0) { control[0] = next; control[1] = 1; }
    });
    const first = control[2] + 1;
    kernel.hookReference(true);
    poke(watch(0));
    function carry() {
      control[0] = next = 1;
      kernel.hookCarry();
    }
    function print() {
      kernel.hookReference(false);
      console.log(log.join());
    }
  `,
    ['0@0,-2@0,-1@1,-1@1,-1@2'],
  );
});

test('a call may take the events behind its own, and what throws takes nobody along', () => {
  assertPrints(
    `
    const log = [];
    const uncaught = [];
    process.on('uncaughtException', (error) => uncaught.push(error.message));
    kernel.hookOpen((what) => {
      const behind = control[3];
      log.push(what + '+' + behind);
      if (what === 0) control[3] = behind - 1;
      if (what === 2) throw new Error('alone');
      if (what === 3) { control[3] = behind - 1; throw new Error('two'); }
      if (what === 5) control[3] = -7;
      if (what === 6) control[3] = 99;
      if (behind === 0) setTimeout(() => console.log(log.join(), uncaught.join()), 50);
      if (behind === 0) kernel.hookReference(false);
    }, control);
    kernel.hookReference(true);
    for (const far of Array.from({ length: 8 }, (_, slot) => watch(slot))) poke(far);
  `,
    ['0+7,2+5,3+4,5+2,6+1,7+0 alone,two'],
  );
});

test('a reported error is an uncaught exception, and the handler goes on', () => {
  assertPrints(
    `
    process.on('uncaughtException', (error) => console.log(error));
    hook(() => {
      assert.equal(kernel.hookReport(new Error('not this').message), 0);
      assert.equal(kernel.hookReport(null), 0);
      console.log('goes on');
      kernel.hookReference(false);
    });
    kernel.hookReference(true);
    poke(watch(0));
  `,
    ['not this', 'null', 'goes on'],
  );
});

test('more events than a turn takes, and the number of a turn that wraps', () => {
  assertPrints(
    `
    const count = C.EVENTS_PER_TURN + 10;
    const seen = new Set();
    const turns = new Set();
    hook((slot) => {
      seen.add(slot);
      turns.add(control[2]);
      if (seen.size === count) kernel.hookReference(false);
    });
    control[2] = 2 ** 31 - 1;
    kernel.hookReference(true);
    for (let i = 0; i < count; i += 2) {
      for (const [at, fd] of sockets().entries()) {
        const events = C.EPOLLOUT | C.EPOLLET;
        assert.equal(kernel.hookControl(fd, C.EPOLL_CTL_ADD, events, i + at, 0), 0);
      }
    }
    process.on('exit', () => console.log(seen.size - count, [...turns].join()));
  `,
    ['0 -2147483648,-2147483647'],
  );
});
