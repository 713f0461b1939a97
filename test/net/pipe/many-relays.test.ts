/** Thousands of relays, and relays where the system has no pipe to give. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  type AddressInfo,
  createServer as createPlain,
  type Socket as PlainSocket,
} from 'node:net';
import { connect } from 'barewire';
import { errno } from '#internal/util/system_error';
import { readAll, startServer } from '../../kit/pairs.js';
import { compiled, Program } from '../../kit/program.js';
import { makeRelay, splices } from '../../kit/relays.js';
import { test, watch } from '../../kit/test.js';
import { need } from '../../kit/tools.js';

const RELAYS = 1000;
const BYTES = 600_000;
/** `nobody`, on every Linux. */
const NOBODY = 65_534;
/** Five descriptors for each relay, and Node's own. */
const DESCRIPTORS = 5 * RELAYS + 200;
const LONG_MS = 120_000;

test(
  'a thousand relays of an unprivileged user share one pipe, and all bytes arrive',
  async ({ t }) => {
    const isRoot = process.getuid?.() === 0;
    if (!isRoot) t.diagnostic('not root: runs as the present user');
    const program = compiled('many-relays');
    const args = [program, String(RELAYS), String(BYTES), isRoot ? String(NOBODY) : 'same'];
    const shell = `ulimit -n ${DESCRIPTORS} && exec "$0" "$@"`;
    const run = new Program('sh', ['-c', shell, process.execPath, ...args], {
      timeoutMs: LONG_MS,
    });
    const { stdout, stderr } = await run.ended;
    if (/ulimit/.test(stderr)) {
      t.skip(`needs ${DESCRIPTORS} descriptors: ${stderr}`);
      return;
    }
    assert.match(stdout, /^\{/, stderr);
    const { uid, ...seen } = JSON.parse(stdout) as Record<string, number>;
    assert.notEqual(uid, 0);
    // Two ends of one pipe, gone when the last relay is.
    assert.deepEqual(seen, { right: RELAYS, wrong: 0, pipesMost: 2, left: 0 });
  },
  LONG_MS,
);

test('without a descriptor for a pipe the bytes go by copy', async (scope) => {
  const relay = await makeRelay(scope);
  const { pipe } = watch.kernel;
  scope.defer(() => Object.assign(watch.kernel, { pipe }));
  let refused = 0;
  Object.assign(watch.kernel, {
    pipe: () => {
      refused++;
      return -errno.EMFILE;
    },
  });
  const bytes = randomBytes(8 * 1024 * 1024);
  const before = splices();
  relay.source.pipe(relay.destination);
  const all = readAll(relay.far);
  relay.near.end(bytes);
  const digest = (of: Buffer): string => createHash('sha256').update(of).digest('hex');
  assert.equal(digest(await all), digest(bytes));
  assert.equal(splices(), before);
  assert.ok(refused > 0, 'a pipe was asked for');
});

/** Perl can send urgent data; every Debian has it. Half of the bytes, the urgent one, the rest. */
const SENDS_URGENT = `
  use Socket; my ($port, $half) = @ARGV;
  socket(my $s, AF_INET, SOCK_STREAM, 0);
  connect($s, sockaddr_in($port, INADDR_LOOPBACK)) or die $!;
  send($s, "a" x $half, 0) or die $!; send($s, "X", MSG_OOB); send($s, "c" x $half, 0);
  shutdown($s, 1); sysread($s, my $end, 1);
`;

test('urgent data stops no splice: all that is behind it arrives', async (scope) => {
  const half = 3_000_000;
  const far = createPlain().listen(0, '127.0.0.1');
  scope.defer(() => far.close());
  await once(far, 'listening');
  const to = await startServer(scope, { allowHalfOpen: true }, (socket) => {
    const upstream = connect((far.address() as AddressInfo).port, '127.0.0.1');
    scope.defer(() => upstream.destroy());
    socket.pipe(upstream).pipe(socket);
  });
  assert('port' in to);
  const connection = once(far, 'connection');
  const before = splices();
  need('perl');
  const perl = spawn('perl', ['-e', SENDS_URGENT, String(to.port), String(half)], {
    stdio: ['ignore', 'ignore', 'inherit'],
    timeout: 10_000,
  });
  const exited = once(perl, 'exit');
  const [socket] = (await connection) as [PlainSocket];
  const all = (await readAll(socket)).toString('latin1');
  socket.end();
  assert.deepEqual(await exited, [0, null]);
  assert.equal(all.length, 2 * half);
  assert.equal(all.lastIndexOf('a'), half - 1);
  assert.equal(all.indexOf('c'), half);
  assert.ok(splices() > before, 'some of it was spliced');
});
