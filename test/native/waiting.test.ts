/** No call blocks, even on a descriptor that another process has made blocking. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { release } from 'node:os';
import { test } from 'node:test';
import {
  C,
  close,
  E,
  flagsOf,
  kernel,
  ok,
  pair,
  pipe,
  readText,
  tcp,
  text,
  watchLedger,
  writeText,
} from './support.js';

const O_NONBLOCK = 0o4000;
const AGAIN = -E.EAGAIN;
const big = Buffer.alloc(1 << 20, 'x');

/** As a child does with its standard streams: the flag is of the file, not of the descriptor. */
function makeBlocking(...fds: number[]): void {
  const script = 'use Fcntl; for (3..$ARGV[0]) { open(F, "<&=$_"); fcntl(F, F_SETFL, 0) or die }';
  const { status, stderr } = spawnSync('perl', ['-e', script, String(2 + fds.length)], {
    env: { PATH: process.env['PATH'] ?? '' },
    stdio: ['ignore', 'ignore', 'pipe', ...fds],
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
  for (const fd of fds) assert.equal(flagsOf(fd) & O_NONBLOCK, 0);
}

/** What `run` gave; it fails where that took as long as the peer sleeps. */
function atOnce(run: () => unknown): unknown {
  const started = process.hrtime.bigint();
  const result = run();
  assert.ok(process.hrtime.bigint() - started < 2_000_000_000n, 'it waited');
  return result;
}

const SO_RCVTIMEO = 20;
const SO_SNDTIMEO = 21;

/** So that a call that waits all the same gives up after three seconds: the test fails then. */
function limited(...fds: number[]): void {
  const limit = Buffer.alloc(16);
  limit.writeInt32LE(3, 0);
  for (const fd of fds) {
    for (const name of [SO_RCVTIMEO, SO_SNDTIMEO]) {
      assert.equal(kernel.setsockopt(fd, C.SOL_SOCKET, name, limit), 0);
    }
  }
}

const SOCKETS = {
  'TCP sockets': () => tcp(),
  'UNIX sockets': () => pair(),
};

for (const [kind, make] of Object.entries(SOCKETS)) {
  test(`${kind} that are blocking are read from and written to without waiting`, (t) => {
    watchLedger(t);

    const [near, far] = make();
    limited(near, far);
    makeBlocking(near, far);
    const into = Buffer.alloc(64);
    assert.equal(
      atOnce(() => kernel.read(near, into, 0, 64)),
      AGAIN,
    );
    assert.equal(
      atOnce(() => kernel.peek(near, into, 0, 64)),
      AGAIN,
    );
    assert.equal(
      atOnce(() => kernel.readv(near, [into, into], 2)),
      AGAIN,
    );
    assert.equal(
      atOnce(() => kernel.readRights(near, into, 0, 64, [])),
      AGAIN,
    );
    const fill = (put: () => number) => () => {
      let last = 1;
      while (last > 0) last = put();
      return last;
    };
    assert.equal(atOnce(fill(() => kernel.write(near, big, 0, big.length))), AGAIN);
    assert.equal(
      atOnce(() => kernel.writev(near, [big, big], 2, 0)),
      AGAIN,
    );
    assert.equal(
      atOnce(() => kernel.writeMore(near, big, 0, big.length)),
      AGAIN,
    );
    if (kind === 'UNIX sockets') {
      assert.equal(
        atOnce(() => kernel.sendRights(near, big, 0, 1, [near])),
        AGAIN,
      );
    }
    let got = 0;
    const drain = Buffer.alloc(1 << 16);
    for (let count = 1; count > 0; got += Math.max(count, 0)) {
      count = kernel.read(far, drain, 0, drain.length);
    }
    assert.ok(got > 0);
    close(near, far);
  });

  test(`splice refuses blocking ${kind}, whose bytes an ordinary read then finds`, (t) => {
    watchLedger(t);

    const [near, far] = make();
    const [out, into] = pipe();
    limited(near);
    makeBlocking(near);
    assert.equal(
      atOnce(() => kernel.splice(near, into, 100)),
      -E.EINVAL,
    );
    writeText(into, 'abc');
    assert.equal(
      atOnce(() => kernel.splice(out, near, 3)),
      -E.EINVAL,
    );
    writeText(far, 'xyz');
    assert.equal(readText(near), 'xyz');
    close(near, far, out, into);
  });
}

test('pipes that are blocking are read from and written to without waiting', (t) => {
  watchLedger(t);
  const [out, into] = pipe();
  // Before Linux 6.4 this would wait for ever: nothing can be said of it then.
  const [major = 0, minor = 0] = kernelVersion();
  if (major < 6 || (major === 6 && minor < 4)) t.skip('pipes wait before Linux 6.4');
  else {
    makeBlocking(out, into);
    assert.equal(kernel.read(out, Buffer.alloc(8), 0, 8), AGAIN);
    assert.ok(kernel.write(into, big, 0, big.length) > 0);
    assert.equal(kernel.write(into, big, 0, big.length), AGAIN);
    assert.equal(kernel.writev(into, [big, big], 2, 0), AGAIN);
    assert.equal(readText(out, 4), 'xxxx');
  }
  close(out, into);
});

function kernelVersion(): number[] {
  return release().split(/\D/).map(Number);
}

test('a listener that is shared and blocking is asked without waiting, and stays blocking', (t) => {
  watchLedger(t);
  const listener = ok(kernel.socket(C.AF_INET, C.SOCK_STREAM, 0));
  assert.equal(kernel.bind(listener, C.AF_INET, '127.0.0.1', 0), 0);
  assert.equal(kernel.listen(listener, 4), 0);

  limited(listener);
  makeBlocking(listener);
  assert.equal(
    atOnce(() => kernel.accept(listener, true)),
    AGAIN,
  );
  assert.equal(flagsOf(listener) & O_NONBLOCK, 0, 'whoever made it blocking finds it so');
  const name = kernel.getsockname(listener);
  assert.ok(typeof name === 'object');
  const client = ok(kernel.socket(C.AF_INET, C.SOCK_STREAM, 0));
  assert.equal(kernel.connect(client, C.AF_INET, '127.0.0.1', name.port), -E.EINPROGRESS);
  const accepted = ok(kernel.accept(listener, true));
  assert.ok(flagsOf(accepted) & O_NONBLOCK);
  assert.equal(kernel.write(client, text('x'), 0, 1), 1);
  close(client, accepted);

  close(listener);
});
