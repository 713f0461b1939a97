/** A thread that ends leaves nothing behind. Each case runs in a process of its own. */
import { test as nodeTest } from 'node:test';
import { need, skipping } from '../kit/tools.js';
import { assertPrints } from './support.js';

function test(title: string, body: () => unknown): void {
  nodeTest(title, (t) => skipping(t, body));
}

/** Each worker holds busy sockets, and says when it is going; then it ends in some way. */
const BUSY = `
  hook((slot) => {
    kernel.read(pairs[slot][0], Buffer.alloc(16), 0, 16);
    poke(pairs[slot][1]);
    control[0] = 1;
    if (slot >= 0 && ++count === 20) ends();
  });
  let count = 0;
  const pairs = [];
  for (let slot = 0; slot < 8; slot++) {
    pairs.push(sockets());
    kernel.hookControl(pairs[slot][0], C.EPOLL_CTL_ADD, EDGE, slot, 0);
    poke(pairs[slot][1]);
  }
  pairs[-1] = pairs[0];
  pairs[-2] = pairs[0];
  kernel.hookReference(true);
`;

const ENDS = {
  'process.exit()': 'process.exit(0)',
  'an exception': "throw new Error('end')",
  'throw null': 'throw null',
  'terminate()': 'threads.parentPort.postMessage(1)',
  'process.exit() in a tick': 'process.nextTick(() => process.exit(0))',
  'process.exit() in a promise job': 'Promise.resolve().then(() => process.exit(0))',
  'the end of all work': 'control[0] = 0, kernel.hookReference(false), threads.parentPort.close()',
};

for (const [way, ends] of Object.entries(ENDS)) {
  test(`workers that end by ${way} leave no descriptor and abort nothing`, () => {
    assertPrints(
      `
      const ends = 'const ends = () => { ${ends.replaceAll("'", '"')}; };';
      const source = PRELUDE + ends + ${JSON.stringify(BUSY)};
      let before = 0;
      const run = () => new Promise((resolve) => {
        const worker = new threads.Worker(source, { eval: true });
        worker.on('message', () => worker.terminate());
        worker.on('error', () => {});
        worker.on('exit', resolve);
      });
      (async () => {
        await run();
        before = openCount();
        for (let i = 0; i < 4; i++) await Promise.all(Array.from({ length: 6 }, run));
        console.log(openCount() - before, kernel.ledger().length);
      })();
    `,
      ['0 0'],
    );
  });
}

test('peers see the sockets of a terminated worker close', () => {
  assertPrints(
    `
    const [near, far] = sockets();
    const source = PRELUDE + \`
      kernel.adopt(threads.workerData.fd);
      hook(() => {});
      kernel.hookControl(threads.workerData.fd, C.EPOLL_CTL_ADD, EDGE, 0, 0);
      kernel.hookReference(true);
      threads.parentPort.postMessage(1);
    \`;
    kernel.release(near);
    const worker = new threads.Worker(source, { eval: true, workerData: { fd: near } });
    worker.on('message', () => worker.terminate());
    worker.on('exit', () => {
      console.log(kernel.read(far, Buffer.alloc(1), 0, 1), kernel.kind(near) === -E.EBADF);
    });
  `,
    ['0 true'],
  );
});

test('only workers load the module, again and again', () => {
  assertPrints(
    `
    const source = PRELUDE + ${JSON.stringify(BUSY.replace('ends()', 'process.exit(0)'))};
    const maps = () => require('node:fs').readFileSync('/proc/self/maps', 'utf8');
    const run = () => new Promise((resolve) => {
      new threads.Worker(source, { eval: true }).on('exit', resolve);
    });
    (async () => {
      for (let i = 0; i < 10; i++) await Promise.all([run(), run(), run()]);
      console.log('done', maps().includes('barewire'));
    })();
  `,
    ['done false'],
    { LAZY: '1' },
  );
});

test('two copies in one thread have a ledger and a hook each', () => {
  assertPrints(
    `
    const fs = require('node:fs');
    const maps = fs.readFileSync('/proc/self/maps', 'utf8');
    const find = () => maps.match(/\\S*barewire[^ ]*\\.node/)[0];
    const copy = require('node:path').join(fs.mkdtempSync('/tmp/bw-'), 'copy.node');
    fs.copyFileSync(find(), copy);
    const other = require(copy);
    const [near] = sockets();
    assert.equal(other.close(near, -1), -E.EBADF);
    assert.deepEqual(other.ledger(), []);
    assert.ok(hook(() => {}) > 0);
    assert.ok(other.hookOpen(() => {}, new Int32Array(control)) > 0);
    const again = { exports: {} };
    process.dlopen(again, find());
    assert.ok(again.exports.hookOpen(() => {}, new Int32Array(control)) > 0);
    assert.equal(again.exports.close(near, -1), -E.EBADF);
    fs.rmSync(require('node:path').dirname(copy), { recursive: true });
    console.log('ends');
  `,
    ['ends'],
  );
});

test('a natural end with work carried over and events due', () => {
  assertPrints(
    `
    hook(() => {});
    for (let slot = 0; slot < 4; slot++) poke(watch(slot));
    control[0] = control[1] = 1;
    kernel.hookCarry();
    console.log('ends');
  `,
    ['ends'],
  );
});

test('a signal storm interrupts no call', () => {
  need('perl');
  assertPrints(
    `
    const { spawn } = require('node:child_process');
    let storming = true;
    process.on('SIGUSR2', () => {});
    const env = { PATH: process.env.PATH };
    const script = 'for (1..1000) { kill USR2 => $ARGV[0]; select(undef, undef, undef, 0.0005); }';
    const storm = spawn('perl', ['-e', script, process.pid], { env });
    const errors = new Set();
    const bad = (result) => result < 0 && errors.add(result);
    const big = Buffer.alloc(1 << 16);
    const [near, far] = sockets();
    const into = [];
    const listener = kernel.socket(C.AF_INET, C.SOCK_STREAM, 0);
    kernel.bind(listener, C.AF_INET, '127.0.0.1', 0);
    kernel.listen(listener, 100);
    const { port } = kernel.getsockname(listener);
    const round = () => {
      for (let i = 0; i < 50; i++) {
        bad(kernel.write(near, big, 0, big.length));
        bad(kernel.writev(near, [big, big], 2, 0));
        while (kernel.read(far, big, 0, big.length) > 0);
        bad(kernel.sendRights(near, big, 0, 1, [near]));
        bad(kernel.readRights(far, big, 0, 1, into));
        kernel.close(into.pop(), -1);
        const client = kernel.socket(C.AF_INET, C.SOCK_STREAM, 0);
        const connected = kernel.connect(client, C.AF_INET, '127.0.0.1', port);
        if (connected !== -E.EINPROGRESS) bad(connected);
        bad(kernel.close(kernel.accept(listener), -1));
        kernel.close(client, -1);
      }
      if (storming) setImmediate(round);
    };
    setImmediate(round);
    storm.on('exit', () => {
      storming = false;
      console.log(...errors, kernel.ledger().length);
      process.exit();
    });
  `,
    ['3'],
  );
});
