/** The system calls: results, -errno results, and the flags of every descriptor made. */
import assert from 'node:assert/strict';
import { closeSync, fstatSync, openSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  assertFlags,
  C,
  call,
  close,
  E,
  flagsOf,
  kernel,
  ok,
  pair,
  pipe,
  readText,
  scratchFolder,
  tcp,
  text,
  watchLedger,
  writeText,
} from './support.js';

const NOT_OPEN = 9999;

test('every descriptor made is non-blocking and closes on exec', (t) => {
  watchLedger(t);
  const single = ok(kernel.socket(C.AF_INET6, C.SOCK_STREAM, 0));
  const second = ok(kernel.dup(single));
  const [near, far] = pair();
  const [readEnd, writeEnd] = pipe();
  const [client, server] = tcp();
  assert.equal(kernel.sendRights(near, text('x'), 0, 1, [0]), 1);
  const received: number[] = [];
  assert.equal(kernel.readRights(far, Buffer.alloc(1), 0, 1, received), 1);
  const all = [single, second, near, far, readEnd, writeEnd, client, server];
  assertFlags(...all);
  const passed = received[0] as number;
  assert.ok(flagsOf(passed) & 0o2000000, 'close-on-exec');
  assert.deepEqual(
    kernel.ledger(),
    [...all, passed].sort((a, b) => a - b),
  );
  close(...all, passed);
  assert.deepEqual(kernel.ledger(), []);
});

test('close refuses what this thread does not own, and leaves it open', (t) => {
  watchLedger(t);
  const nodes = openSync('/dev/null', 'r');
  for (const fd of [0, 1, 2, nodes, NOT_OPEN, -1, 2 ** 31 - 1, -(2 ** 31)]) {
    assert.equal(kernel.close(fd, -1), -E.EBADF);
    assert.equal(kernel.release(fd), -E.EBADF);
  }
  assert.equal(fstatSync(nodes).isCharacterDevice(), true);
  const mine = ok(kernel.socket(C.AF_UNIX, C.SOCK_STREAM, 0));
  assert.equal(kernel.close(mine, NOT_OPEN), 0, 'a wrong epoll descriptor does no harm');
  assert.equal(kernel.close(mine, -1), -E.EBADF);
  closeSync(nodes);
});

test('adopt, release and dup', (t) => {
  watchLedger(t);
  const nodes = openSync('/dev/null', 'r+');
  assert.equal(kernel.adopt(nodes), nodes);
  assertFlags(nodes);
  assert.equal(kernel.adopt(nodes), -E.EEXIST);
  const second = ok(kernel.dup(nodes));
  assert.notEqual(second, nodes);
  assert.deepEqual(kernel.ledger(), [nodes, second]);
  assert.equal(kernel.release(nodes), nodes);
  assert.equal(kernel.close(nodes, -1), -E.EBADF);
  close(second);
  closeSync(nodes);
  assert.equal(kernel.adopt(NOT_OPEN), -E.EBADF);
  assert.equal(kernel.adopt(-1), -E.EBADF);
  assert.equal(kernel.dup(NOT_OPEN), -E.EBADF);
});

test('bytes go both ways over TCP, UNIX sockets and pipes', (t) => {
  watchLedger(t);
  const links = [tcp(), tcp(C.AF_INET6, '::1'), pair(), [...pipe()].reverse()] as const;
  for (const [from, to] of links as readonly (readonly [number, number])[]) {
    assert.equal(readText(to), -E.EAGAIN);
    writeText(from, 'one');
    assert.equal(readText(to, 2), 'on');
    assert.equal(kernel.pending(to, C.FIONREAD), 1);
    const chunks = [text('ab'), text(''), text('cde'), text('f')];
    assert.equal(kernel.writev(from, chunks, 4, 1), 5);
    assert.equal(kernel.writev(from, chunks, 3, 2), 3);
    assert.equal(kernel.writev(from, chunks, 4, 6), 0, 'all skipped');
    assert.equal(kernel.writev(from, chunks, 0, 0), 0);
    assert.equal(readText(to), 'ebcdefcde');
    close(from);
    assert.equal(readText(to), '', 'the end');
    assert.equal(readText(to), '', 'the end stays');
    close(to);
  }
});

test('writev sends CHUNKS_MAX chunks at most', (t) => {
  watchLedger(t);
  const [near, far] = pair();
  const chunks = Array.from({ length: C.CHUNKS_MAX + 3 }, () => text('ab'));
  assert.equal(kernel.writev(near, chunks, chunks.length, 1), C.CHUNKS_MAX * 2 - 1);
  assert.equal(readText(far), 'ab'.repeat(C.CHUNKS_MAX).slice(1));
  close(near, far);
});

test('peek leaves the bytes, and is for sockets', (t) => {
  watchLedger(t);
  const [near, far] = pair();
  const into = Buffer.alloc(4);
  assert.equal(kernel.peek(far, into, 0, 4), -E.EAGAIN);
  writeText(near, 'abc');
  assert.equal(kernel.peek(far, into, 1, 2), 2);
  assert.equal(into.toString('latin1', 1, 3), 'ab');
  assert.equal(readText(far), 'abc');
  const [readEnd, writeEnd] = pipe();
  assert.equal(kernel.peek(readEnd, into, 0, 4), -E.ENOTSOCK);
  close(near, far, readEnd, writeEnd);
});

test('a full buffer is -EAGAIN, a peer that is gone -EPIPE without a signal', (t) => {
  watchLedger(t);
  for (const [from, to] of [tcp(), pair(), pipe().reverse() as [number, number]]) {
    const block = Buffer.alloc(1 << 20);
    let sent = 0;
    for (let put = 1; put > 0; sent += Math.max(put, 0)) {
      put = kernel.write(from, block, 0, block.length);
      if (put < 0) assert.equal(put, -E.EAGAIN);
    }
    assert.ok(sent > 0);
    assert.equal(kernel.writev(from, [block], 1, 0), -E.EAGAIN);
    close(to);
    // The first tells TCP that the peer was not done reading.
    const results = [1, 2].map(() => kernel.write(from, block, 0, 1));
    assert.ok([-E.EPIPE, -E.ECONNRESET].includes(results[0] as number), String(results));
    assert.equal(results[1], -E.EPIPE);
    assert.equal(kernel.writev(from, [block], 1, 0), -E.EPIPE);
    close(from);
  }
});

test('shutdown ends one way', (t) => {
  watchLedger(t);
  const [near, far] = tcp();
  assert.equal(kernel.shutdown(near, C.SHUT_WR), 0);
  assert.equal(readText(far), '');
  writeText(far, 'still');
  assert.equal(readText(near), 'still');
  assert.equal(kernel.shutdown(near, 77), -E.EINVAL);
  const [readEnd, writeEnd] = pipe();
  assert.equal(kernel.shutdown(readEnd, C.SHUT_RD), -E.ENOTSOCK);
  close(near, far, readEnd, writeEnd);
});

test('options are set and read back', (t) => {
  watchLedger(t);
  const [near, far] = tcp();
  const into = Buffer.alloc(64);
  const read = (level: number, name: number): number => {
    assert.equal(kernel.getsockopt(near, level, name, into), 4);
    return into.readInt32LE(0);
  };
  for (const [level, name, value] of [
    [C.SOL_SOCKET, C.SO_KEEPALIVE, 1],
    [C.IPPROTO_TCP, C.TCP_NODELAY, 1],
    [C.IPPROTO_TCP, C.TCP_KEEPIDLE, 77],
    [C.IPPROTO_TCP, C.TCP_KEEPINTVL, 7],
    [C.IPPROTO_TCP, C.TCP_KEEPCNT, 5],
    [C.IPPROTO_TCP, C.TCP_USER_TIMEOUT, 12345],
    [C.IPPROTO_IP, C.IP_TOS, 0x10],
  ] as const) {
    assert.equal(kernel.setsockopt(near, level, name, value), 0);
    assert.equal(read(level, name), value);
  }
  assert.equal(read(C.SOL_SOCKET, C.SO_TYPE), C.SOCK_STREAM);
  assert.equal(read(C.SOL_SOCKET, C.SO_DOMAIN), C.AF_INET);
  assert.equal(read(C.SOL_SOCKET, C.SO_ACCEPTCONN), 0);
  const linger = Buffer.alloc(8);
  linger.writeInt32LE(1, 0);
  linger.writeInt32LE(9, 4);
  assert.equal(kernel.setsockopt(near, C.SOL_SOCKET, C.SO_LINGER, linger), 0);
  assert.equal(kernel.getsockopt(near, C.SOL_SOCKET, C.SO_LINGER, into), 8);
  assert.deepEqual(into.subarray(0, 8), linger);
  linger.fill(0);
  assert.equal(kernel.setsockopt(near, C.SOL_SOCKET, C.SO_LINGER, linger), 0);
  const short = new Uint8Array(2);
  assert.equal(kernel.getsockopt(near, C.SOL_SOCKET, C.SO_TYPE, short), 2, 'cut, not overrun');
  assert.equal(kernel.setsockopt(near, C.SOL_SOCKET, C.SO_KEEPALIVE, short), -E.EINVAL);
  assert.equal(kernel.getsockopt(near, C.SOL_SOCKET, 9999, into), -E.ENOPROTOOPT);
  assert.equal(kernel.setsockopt(NOT_OPEN, C.SOL_SOCKET, C.SO_KEEPALIVE, 1), -E.EBADF);
  close(near, far);
});

test('splice moves bytes between a pipe and a socket', (t) => {
  watchLedger(t);
  const [near, far] = tcp();
  const [readEnd, writeEnd] = pipe();
  assert.equal(kernel.splice(far, writeEnd, 100), -E.EAGAIN);
  writeText(near, 'through the pipe');
  assert.equal(kernel.splice(far, writeEnd, 7), 7);
  assert.equal(kernel.splice(readEnd, far, 100), 7);
  assert.equal(readText(near), 'through');
  assert.equal(kernel.splice(far, near, 1), -E.EINVAL, 'neither is a pipe');
  assert.equal(kernel.splice(far, writeEnd, 0), 0);
  assert.equal(kernel.splice(NOT_OPEN, writeEnd, 1), -E.EBADF);
  close(near, far, readEnd, writeEnd);
});

test('kind, stat, chmod, unlink and their paths', (t) => {
  watchLedger(t);
  const [readEnd, writeEnd] = pipe();
  const [near, far] = pair();
  const folder = scratchFolder(t);
  const file = join(folder, 'fil\u00e9');
  writeFileSync(file, '');
  const plain = openSync(file, 'r');
  const device = openSync('/dev/null', 'r');
  assert.equal(kernel.kind(readEnd), C.S_IFIFO);
  assert.equal(kernel.kind(near), C.S_IFSOCK);
  assert.equal(kernel.kind(plain), C.S_IFREG);
  assert.equal(kernel.kind(device), C.S_IFCHR);
  assert.equal(kernel.kind(NOT_OPEN), -E.EBADF);
  closeSync(plain);
  closeSync(device);
  assert.equal(kernel.chmod(file, 0o640), 0);
  const about: number[] = [];
  assert.equal(kernel.stat(file, about), 0);
  const { mode, dev, ino } = statSync(file);
  assert.deepEqual(about, [mode, dev, ino]);
  assert.equal(mode & 0o777, 0o640);
  const link = join(folder, 'link');
  symlinkSync(file, link);
  assert.equal(kernel.stat(link, about), 0);
  assert.notEqual(about[2], ino, 'the link itself');
  assert.equal(kernel.unlink(link), 0);
  assert.equal(kernel.unlink(link), -E.ENOENT);
  assert.equal(kernel.stat(link, about), -E.ENOENT);
  assert.equal(kernel.chmod(link, 0o600), -E.ENOENT);
  for (const mode of [-1, 0o10000, 2 ** 32]) assert.equal(kernel.chmod(file, mode), -E.EINVAL);
  assert.equal(kernel.unlink(file), 0);
  close(near, far, readEnd, writeEnd);
});

test('a path too long is refused at PATH_MAX bytes, also within a character', () => {
  for (const name of ['unlink', 'stat', 'chmod']) {
    const last = name === 'stat' ? [[]] : name === 'chmod' ? [0o600] : [];
    const result = (path: string): unknown => call(name, path, ...last);
    const fits = `/nonexistent/${'x/'.repeat(2041)}`;
    assert.equal(fits.length, 4095);
    assert.equal(result(fits), -E.ENOENT, name);
    assert.equal(result(`${fits}x`), -E.ENAMETOOLONG);
    for (const sign of ['\u00e9', '\u20ac', '\u{1f600}']) {
      for (let length = 4085; length < 4105; length++) {
        const path = fits.padEnd(length, 'x').slice(0, length) + sign;
        const expected = Buffer.byteLength(path) < 4096 ? -E.ENOENT : -E.ENAMETOOLONG;
        assert.equal(result(path), expected, `${length} and ${sign}`);
      }
    }
    assert.equal(result('x'.repeat(1 << 20)), -E.ENAMETOOLONG);
    assert.equal(result(''), -E.EINVAL);
    assert.equal(result('/tmp\0x'), -E.EINVAL);
    assert.equal(result('\0'), -E.EINVAL);
  }
});

test('errors of the calls that make and connect sockets', (t) => {
  watchLedger(t);
  assert.equal(kernel.socket(9999, C.SOCK_STREAM, 0), -E.EAFNOSUPPORT);
  assert.equal(kernel.socket(C.AF_INET, C.SOCK_STREAM, 999), -E.EINVAL);
  assert.equal(kernel.socketpair(C.AF_INET, C.SOCK_STREAM, []), -E.EOPNOTSUPP);
  for (const fd of [NOT_OPEN, -1]) {
    assert.equal(kernel.accept(fd), -E.EBADF);
    assert.equal(kernel.listen(fd, 1), -E.EBADF);
    assert.equal(kernel.bind(fd, C.AF_INET, '127.0.0.1', 0), -E.EBADF);
    assert.equal(kernel.connect(fd, C.AF_INET, '127.0.0.1', 1), -E.EBADF);
    assert.equal(kernel.getsockname(fd), -E.EBADF);
    assert.equal(readText(fd), -E.EBADF);
    assert.equal(kernel.write(fd, text('x'), 0, 1), -E.EBADF);
    assert.equal(kernel.pending(fd, C.FIONREAD), -E.EBADF);
  }
  const fd = ok(kernel.socket(C.AF_INET, C.SOCK_STREAM, 0));
  assert.equal(kernel.accept(fd), -E.EINVAL, 'does not listen');
  assert.equal(kernel.getpeername(fd), -E.ENOTCONN);
  assert.equal(kernel.pending(fd, 0x5421), -E.EINVAL, 'FIONBIO');
  assert.equal(kernel.bind(fd, C.AF_INET, '127.0.0.1', 0), 0);
  assert.equal(kernel.listen(fd, 1), 0);
  assert.equal(kernel.accept(fd), -E.EAGAIN);
  const name = kernel.getsockname(fd);
  assert.ok(typeof name === 'object');
  const other = ok(kernel.socket(C.AF_INET, C.SOCK_STREAM, 0));
  assert.equal(kernel.bind(other, C.AF_INET, '127.0.0.1', name.port), -E.EADDRINUSE);
  close(fd, other);
});

test('the numbers of the system are what Node says they are', () => {
  for (const [name, value] of Object.entries(C)) {
    assert.ok(Number.isInteger(value), `${name} is ${value}`);
  }
  assert.equal(C.EPOLLET, 1 << 31);
});
