/**
 * The forms of addresses that `BlockList` and `SocketAddress` take and give. B# is oven-sh/bun, D#
 * is denoland/deno.
 */
import assert from 'node:assert/strict';
import { row } from '../../kit/row.js';

type Family = 'ipv4' | 'ipv6';

// B node-net.test.ts "net.BlockList subnet rules", blocklist-prefix0.test.ts
row('subnets match IPv4 and IPv4-mapped addresses alike, prefixes 0, 32 and 128 too', (s) => {
  const cases: [string, number, Family, [string, Family, boolean][]][] = [
    [
      '::ffff:1.1.1.0',
      120,
      'ipv6',
      [
        ['1.1.1.1', 'ipv4', true],
        ['1.1.2.1', 'ipv4', false],
        ['::ffff:1.1.1.1', 'ipv6', true],
        ['::ffff:1.1.2.1', 'ipv6', false],
      ],
    ],
    [
      '1.1.1.0',
      24,
      'ipv4',
      [
        ['::ffff:1.1.1.1', 'ipv6', true],
        ['::ffff:1.1.2.1', 'ipv6', false],
        ['::1', 'ipv6', false],
      ],
    ],
    ['10.0.0.1', 32, 'ipv4', [['::ffff:10.0.0.1', 'ipv6', true]]],
    ['::ffff:10.0.0.1', 128, 'ipv6', [['10.0.0.1', 'ipv4', true]]],
    [
      '0.0.0.0',
      0,
      'ipv4',
      [
        ['255.255.255.255', 'ipv4', true],
        ['::1', 'ipv6', false],
      ],
    ],
    [
      '::',
      0,
      'ipv6',
      [
        ['8592:757c:efae:4e45::f', 'ipv6', true],
        ['1.2.3.4', 'ipv4', true],
      ],
    ],
  ];
  for (const [network, prefix, family, checks] of cases) {
    const list = new s.net.BlockList();
    list.addSubnet(network, prefix, family);
    for (const [address, of, expected] of checks) {
      assert.equal(list.check(address, of), expected, `${network}/${prefix} ${address}`);
    }
  }
});

// B#33570
row('addresses that are not written in full are none, to SocketAddress and BlockList', (s) => {
  for (const address of ['010.1.2.3', '0x0a000001', '1.2.3', '1', '127.000.000.001']) {
    assert.throws(
      () => new s.net.SocketAddress({ address }),
      { code: 'ERR_INVALID_ADDRESS' },
      address,
    );
    const list = new s.net.BlockList();
    assert.throws(() => list.addAddress(address), { code: 'ERR_INVALID_ADDRESS' }, address);
  }
});

// B#33570
row('a SocketAddress shows its address in the one short form', ({ net }) => {
  const address = '2001:0DB8:0000:0000::0001';
  const shown = new net.SocketAddress({ address, family: 'ipv6' }).address;
  assert.equal(shown, '2001:db8::1');
});

// B#33572
row('a SocketAddress takes a port in a text', ({ net }) => {
  const port = '80' as unknown as number;
  assert.equal(new net.SocketAddress({ address: '1.2.3.4', port }).port, 80);
});

// B#33572
row('a BlockList says its rules as JSON, and takes them back', ({ net }) => {
  const list = new net.BlockList();
  assert.equal(JSON.stringify(list), '[]');
  list.addAddress('1.1.1.1');
  list.addSubnet('10.0.0.0', 8);
  const copy = new net.BlockList();
  copy.fromJSON(JSON.stringify(list));
  assert.equal(copy.check('10.9.9.9'), true);
  assert.equal(copy.check('1.1.1.1'), true);
  assert.equal(copy.check('1.1.1.2'), false);
});

// One of Node's own tests, in our words.
row('rules of a BlockList come newest first', ({ net }) => {
  const list = new net.BlockList();
  list.addAddress('1.1.1.1');
  list.addRange('10.0.0.1', '10.0.0.10');
  list.addSubnet('8592:757c:efae:4e45::', 64, 'ipv6');
  assert.deepEqual(list.rules, [
    'Subnet: IPv6 8592:757c:efae:4e45::/64',
    'Range: IPv4 10.0.0.1-10.0.0.10',
    'Address: IPv4 1.1.1.1',
  ]);
});
