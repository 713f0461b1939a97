/** `SocketAddress`: its options, its texts and its errors. */
import assert from 'node:assert/strict';
import * as builtin from 'node:net';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { BlockList, type IPVersion, SocketAddress } from 'barewire';

test('SocketAddress has defaults for everything', () => {
  assert.deepEqual(new SocketAddress().toJSON(), {
    address: '127.0.0.1',
    port: 0,
    family: 'ipv4',
    flowlabel: 0,
  });
  assert.equal(new SocketAddress({ family: 'ipv6' }).address, '::');
});

test('SocketAddress keeps what it was given, a flow label for IPv6 only', () => {
  const flowlabel = 2 ** 32 - 1;
  const six = new SocketAddress({ family: 'ipv6', address: '1::8', port: 65535, flowlabel });
  assert.deepEqual(
    [six.address, six.port, six.family, six.flowlabel],
    ['1::8', 65535, 'ipv6', flowlabel],
  );
  assert.equal(new SocketAddress({ flowlabel: 5 }).flowlabel, 0);
  assert.equal(inspect(new SocketAddress({ port: 1 })).includes('port: 1'), true);
});

/** Texts of one address each, with the text that inet_ntop makes of them. */
const SHORT: [string, string][] = [
  ['0:0:1:0:0:1:0:0', '::1:0:0:1:0:0'],
  ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
  ['1:2:3:4:5:6:7:0', '1:2:3:4:5:6:7:0'],
  ['::1:2', '::0.1.0.2'],
  ['::5', '::5'],
  ['::1', '::1'],
  ['0:0:0:0:0:0:0:0', '::'],
  ['2001:DB8::0:1', '2001:db8::1'],
  ['64:ff9b::1.2.3.4', '64:ff9b::102:304'],
  ['::ffff:102:304', '::ffff:1.2.3.4'],
  ['::fffe:1.2.3.4', '::fffe:102:304'],
  ['::ffff:0:1.2.3.4', '::ffff:0:102:304'],
  ['fe80::1%lo', 'fe80::1'],
];

test("SocketAddress writes addresses as the system does, which is the built-in's way too", () => {
  for (const [address, short] of SHORT) {
    assert.equal(new SocketAddress({ address, family: 'ipv6' }).address, short);
    const theirs = new builtin.SocketAddress({ address, family: 'ipv6' });
    assert.equal(theirs.address, short);
  }
});

test("SocketAddress throws Node's errors for bad options", () => {
  const wrong: [object, string][] = [
    [{ address: '::1' }, 'ERR_INVALID_ADDRESS'],
    [{ address: 'localhost' }, 'ERR_INVALID_ADDRESS'],
    [{ address: 5 }, 'ERR_INVALID_ARG_TYPE'],
    [{ family: 'ipv5' }, 'ERR_INVALID_ARG_VALUE'],
    [{ family: 4 }, 'ERR_INVALID_ARG_VALUE'],
    [{ port: 65536 }, 'ERR_SOCKET_BAD_PORT'],
    [{ port: null }, 'ERR_SOCKET_BAD_PORT'],
    [{ flowlabel: 1.5 }, 'ERR_OUT_OF_RANGE'],
    [{ flowlabel: 2 ** 32 }, 'ERR_OUT_OF_RANGE'],
    [{ flowlabel: '1' }, 'ERR_INVALID_ARG_TYPE'],
  ];
  for (const [options, code] of wrong) {
    assert.throws(() => new SocketAddress(options), { code }, inspect(options));
  }
  assert.throws(() => Reflect.construct(SocketAddress, [null]), { code: 'ERR_INVALID_ARG_TYPE' });
});

test('SocketAddress.parse reads host and port, and is undefined for anything else', () => {
  const good: [string, string, number, IPVersion][] = [
    ['1.2.3.4', '1.2.3.4', 0, 'ipv4'],
    ['1.2.3.4:443', '1.2.3.4', 443, 'ipv4'],
    ['1.2.3.4:80', '1.2.3.4', 80, 'ipv4'],
    ['[::1]:8080', '::1', 8080, 'ipv6'],
    ['[1:0::]', '1::', 0, 'ipv6'],
    ['0x7f.1:1', '127.0.0.1', 1, 'ipv4'],
  ];
  for (const [text, address, port, family] of good) {
    const found = SocketAddress.parse(text);
    assert.deepEqual([found?.address, found?.port, found?.family], [address, port, family], text);
  }
  for (const text of ['', '::1', 'localhost:80', '1.2.3.4:99999', '1.2.3.4:http', '[::1']) {
    assert.equal(SocketAddress.parse(text), undefined, text);
  }
  assert.throws(() => Reflect.apply(SocketAddress.parse, null, [1]), {
    code: 'ERR_INVALID_ARG_TYPE',
  });
});

test("isSocketAddress knows ours and the built-in's, and a BlockList takes both", () => {
  const list = new BlockList();
  const both = [
    new SocketAddress({ address: '1.1.1.1' }),
    new builtin.SocketAddress({ address: '2.2.2.2' }),
  ];
  for (const address of both) {
    assert.equal(SocketAddress.isSocketAddress(address), true);
    list.addAddress(address);
    assert.equal(list.check(address), true);
  }
  assert.deepEqual(list.rules, ['Address: IPv4 2.2.2.2', 'Address: IPv4 1.1.1.1']);
  for (const value of [{ address: '1.1.1.1' }, null, undefined, 'x']) {
    assert.equal(SocketAddress.isSocketAddress(value), false);
  }
});
