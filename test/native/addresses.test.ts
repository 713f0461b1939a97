/** Socket addresses, from text to the kernel and back: nothing is cut, padded or guessed. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  C,
  close,
  E,
  inNamespace,
  kernel,
  NO_NAMESPACE,
  ok,
  pair,
  scratchFolder,
  watchLedger,
} from './support.js';

function socket(family: number): number {
  return ok(kernel.socket(family, C.SOCK_STREAM, 0));
}

/** What bind makes of an address: how the kernel reports it, or -errno. */
function bound(family: number, address: string, port = 0): unknown {
  const fd = socket(family);
  const status = kernel.bind(fd, family, address, port);
  const name = status === 0 ? kernel.getsockname(fd) : status;
  close(fd);
  return name;
}

/** The names of all UNIX sockets, as the kernel prints them: NUL is '@' there. */
function unixNames(): string[] {
  const lines = readFileSync('/proc/net/unix', 'latin1').split('\n');
  return lines.map((line) =>
    line
      .split(' ')
      .slice(7)
      .join(' ')
      .replace(/^\d+ ?/, ''),
  );
}

test('IPv4 addresses and ports', (t) => {
  watchLedger(t);
  assert.deepEqual(bound(C.AF_INET, '127.0.0.1', 54321), {
    family: C.AF_INET,
    address: '127.0.0.1',
    port: 54321,
  });
  const anyPort = bound(C.AF_INET, '0.0.0.0') as { address: string };
  assert.equal(anyPort.address, '0.0.0.0');
  const wrong = ['', ' 127.0.0.1', '127.0.0.1 ', '127.1', '0x7f.0.0.1', '127.0.0.256', '::1'];
  for (const address of [...wrong, '127.0.0.1%lo', '127.0.0.1\0', 'localhost', '1'.repeat(1e5)]) {
    assert.equal(bound(C.AF_INET, address), -E.EINVAL, address);
  }
  for (const port of [-1, 65536, 2 ** 31 - 1, -(2 ** 31)]) {
    assert.equal(bound(C.AF_INET, '127.0.0.1', port), -E.EINVAL);
    assert.equal(bound(C.AF_INET6, '::1', port), -E.EINVAL);
  }
  assert.equal(bound(C.AF_INET, '192.0.2.1'), -E.EADDRNOTAVAIL);
});

test('IPv6 addresses', (t) => {
  watchLedger(t);
  assert.deepEqual(bound(C.AF_INET6, '0:0:0:0:0:0:0:1', 54321), {
    family: C.AF_INET6,
    address: '::1',
    port: 54321,
  });
  const mapped = bound(C.AF_INET6, '::ffff:127.0.0.1') as { address: string };
  assert.equal(mapped.address, '::ffff:127.0.0.1');
  const wrong = ['', '127.0.0.1', '::1%', '::1%nonexistent', '::1%0', '::1%4294967296', '%lo'];
  const zones = ['::1% 1', '::1%+1', '::1%-1', '::1%1x', `::1%${'9'.repeat(30)}`, '::1%lo%lo'];
  for (const address of [...wrong, ...zones, '::1\0', '::1%lo\0', `::1%${'x'.repeat(200)}`]) {
    assert.equal(bound(C.AF_INET6, address), -E.EINVAL, address);
  }
  // A name is not cut to the length of an interface's.
  assert.equal(bound(C.AF_INET6, `::1%lo${' '.repeat(14)}`), -E.EINVAL);
});

test('scope ids by name and by number', (t) => {
  watchLedger(t);
  // The loopback device is number 1 in every network namespace.
  for (const zone of ['lo', '1', '01']) {
    const name = bound(C.AF_INET6, `::1%${zone}`) as { address: string };
    assert.equal(name.address, '::1', 'only link-local addresses show theirs');
  }
  const linkLocal = Object.entries(networkInterfaces()).flatMap(([name, list]) =>
    (list ?? [])
      .filter((each) => each.family === 'IPv6' && each.address.startsWith('fe80:'))
      .map(({ address, scopeid }) => ({ name, address, scopeid: scopeid ?? 0 })),
  );
  for (const { name, address, scopeid } of linkLocal) {
    for (const zone of [name, String(scopeid)]) {
      const found = bound(C.AF_INET6, `${address}%${zone}`) as { address: string };
      assert.equal(found.address, `${address}%${name}`);
    }
    assert.equal(bound(C.AF_INET6, address), -E.EINVAL, 'without a scope');
  }
  if (linkLocal.length === 0) t.diagnostic('there is no link-local address to try');
});

test('a link-local address on the loopback device of another network namespace', (t) => {
  const outcome = inNamespace(`
    const lo = kernel.socket(C.AF_INET6, C.SOCK_STREAM, 0);
    const name = (zone) => {
      const fd = kernel.socket(C.AF_INET6, C.SOCK_STREAM, 0);
      const bad = kernel.bind(fd, C.AF_INET6, 'fe80::7' + zone, 0);
      return bad < 0 ? bad : kernel.getsockname(fd).address;
    };
    console.log([name('%lo'), name('%1'), name(''), name('%2')].join());
    const listener = kernel.socket(C.AF_INET6, C.SOCK_STREAM, 0);
    kernel.bind(listener, C.AF_INET6, 'fe80::7%lo', 0);
    kernel.listen(listener, 1);
    const { port } = kernel.getsockname(listener);
    kernel.connect(lo, C.AF_INET6, 'fe80::7%lo', port);
    console.log(kernel.getpeername(kernel.accept(listener)).address);
  `);
  if (outcome.status === NO_NAMESPACE) t.skip('namespaces are not for us here');
  else {
    assert.equal(outcome.stderr, '');
    const einval = -E.EINVAL;
    assert.deepEqual(outcome.stdout.trim().split('\n'), [
      `fe80::7%lo,fe80::7%lo,${einval},${-E.ENODEV}`,
      'fe80::7%lo',
    ]);
  }
});

test('thousands of addresses have the text that Node has for them', (t) => {
  // In a network of its own, in which every address can be bound.
  const outcome = inNamespace(`
    for (const ip of ['ipv4', 'ipv6']) {
      require('node:fs').writeFileSync('/proc/sys/net/' + ip + '/ip_nonlocal_bind', '1');
    }
    const { TCP, constants } = process.binding('tcp_wrap');
    let seed = 20260101;
    const random = (below) => {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
      return Math.floor((seed / 2 ** 32) * below);
    };
    const groups = ['0', '0', '0', '0', '1', 'a', 'ff', 'ffff', '8000', '7f00', 'db8'];
    const group = () =>
      random(5) === 0 ? random(65536).toString(16) : groups[random(groups.length)];
    const full = (length) => Array.from({ length }, group).join(':');
    const quad = () => [0, 0, 0, 0].map(() => random(256)).join('.');
    const forms = [
      () => full(8),
      () => '0:0:0:0:0:' + (random(2) ? 'ffff:' : '0:') + full(2),
      () => '::' + (random(2) ? 'ffff:' : '') + quad(),
      () => full(random(4)) + '::' + full(random(4)),
      () => full(random(2)) + '::' + full(random(6)),
    ];
    const texts = ['::', '::1', '::1:0', '::0.1.0.0', '::ffff:0:0', '::ffff:1:2', '::fffe:1:2',
      '1::', '::ffff:0:1:2', '64:ff9b::1', '::1:2:3', '1:0:0:2::3', '0:1::', 'fe80::1%lo',
      'fe80:0:0:1::%lo'];
    for (let i = 0; i < 4000; i++) texts.push(forms[i % forms.length]());
    let compared = 0;
    for (const text of texts) {
      const native = new TCP(constants.SERVER);
      const into = {};
      const there = native.bind6(text, 0, 0) || native.getsockname(into);
      native.close();
      const fd = kernel.socket(C.AF_INET6, C.SOCK_STREAM, 0);
      const here = kernel.bind(fd, C.AF_INET6, text, 0);
      const { address } = here < 0 ? {} : kernel.getsockname(fd);
      kernel.close(fd, -1);
      const same = there < 0 || here < 0 ? here < 0 && there < 0 : address === into.address;
      if (!same) console.log(text, there, into.address, here, address);
      if (address !== undefined) compared++;
    }
    console.log(compared > 3500 ? 'enough' : compared);
    process.exit();
  `);
  if (outcome.status === NO_NAMESPACE) t.skip('namespaces are not for us here');
  else assert.deepEqual([outcome.stdout.trim(), outcome.stderr], ['enough', '']);
});

test('UNIX paths, up to the byte', (t) => {
  watchLedger(t);
  const folder = scratchFolder(t);
  for (const length of [1, 50, 106, 107, 108].filter((each) => each > folder.length + 1)) {
    const path = join(folder, 'p'.repeat(length - folder.length - 1));
    const fd = socket(C.AF_UNIX);
    assert.equal(kernel.bind(fd, C.AF_UNIX, path, 0), 0);
    assert.deepEqual(kernel.getsockname(fd), { family: C.AF_UNIX, address: path, port: 0 });
    assert.ok(unixNames().includes(path), 'nothing was cut or padded');
    assert.equal(kernel.listen(fd, 1), 0);
    const client = socket(C.AF_UNIX);
    assert.equal(kernel.connect(client, C.AF_UNIX, path, 0), 0);
    assert.deepEqual(kernel.getpeername(client), { family: C.AF_UNIX, address: path, port: 0 });
    assert.deepEqual(kernel.getsockname(client), { family: C.AF_UNIX, address: '', port: 0 });
    close(fd, client);
  }
  const rest = 109 - folder.length - 1;
  for (const path of [join(folder, 'p'.repeat(rest)), 'x'.repeat(300), 'y'.repeat(1e6)]) {
    assert.equal(bound(C.AF_UNIX, path), -E.ENAMETOOLONG);
    const fd = socket(C.AF_UNIX);
    assert.equal(kernel.connect(fd, C.AF_UNIX, path, 0), -E.ENAMETOOLONG);
    close(fd);
  }
  // 55 characters, 110 bytes.
  assert.equal(bound(C.AF_UNIX, '\u00e9'.repeat(55)), -E.ENAMETOOLONG);
  for (const path of ['', `${folder}/a\0b`, `${folder}/a\0`]) {
    assert.equal(bound(C.AF_UNIX, path), -E.EINVAL);
  }
});

test('abstract names, with NULs and up to the byte', (t) => {
  watchLedger(t);
  const unique = `\0bw-${process.pid}`;
  const long = unique.padEnd(108, 'n');
  for (const name of [unique, `${unique}\0`, `${unique}\0\0mid\0`, long.slice(0, 107), long]) {
    const fd = socket(C.AF_UNIX);
    assert.equal(kernel.bind(fd, C.AF_UNIX, name, 0), 0);
    assert.deepEqual(kernel.getsockname(fd), { family: C.AF_UNIX, address: name, port: 0 });
    assert.ok(unixNames().includes(name.replaceAll('\0', '@')), 'nothing was cut or padded');
    assert.equal(kernel.listen(fd, 1), 0);
    const client = socket(C.AF_UNIX);
    assert.equal(kernel.connect(client, C.AF_UNIX, name, 0), 0);
    assert.equal(kernel.connect(client, C.AF_UNIX, `${name}`, 0), -E.EISCONN);
    close(fd, client);
    const other = socket(C.AF_UNIX);
    assert.equal(kernel.connect(other, C.AF_UNIX, name, 0), -E.ECONNREFUSED);
    close(other);
  }
  assert.equal(bound(C.AF_UNIX, `${long}n`), -E.ENAMETOOLONG);
  assert.equal(bound(C.AF_UNIX, '\0'.repeat(109)), -E.ENAMETOOLONG);
});

test('unnamed sockets and other families', (t) => {
  watchLedger(t);
  const [near, far] = pair();
  assert.deepEqual(kernel.getsockname(near), { family: C.AF_UNIX, address: '', port: 0 });
  assert.deepEqual(kernel.getpeername(near), { family: C.AF_UNIX, address: '', port: 0 });
  for (const family of [0, -1, 16, 9999]) {
    assert.equal(kernel.bind(near, family, '127.0.0.1', 0), -E.EAFNOSUPPORT);
    assert.equal(kernel.connect(near, family, '127.0.0.1', 0), -E.EAFNOSUPPORT);
  }
  close(near, far);
});
