/** `BlockList`: its rules, and servers and sockets that keep to them. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import * as builtin from 'node:net';
import { test as plain } from 'node:test';
import { inspect } from 'node:util';
import { BlockList, connect, createServer, Socket, SocketAddress } from 'barewire';
import * as other from 'barewire/node';
import { test } from '../../kit/test.js';

/** Which of `addresses` a list refuses that `fill` has filled. */
function refused(fill: (list: BlockList) => void, addresses: readonly string[]): string[] {
  const list = new BlockList();
  fill(list);
  return addresses.filter((one) => list.check(one, one.includes(':') ? 'ipv6' : 'ipv4'));
}

plain('both profiles export one BlockList', () => {
  assert.equal(other.BlockList, BlockList);
  assert.equal(other.SocketAddress, SocketAddress);
});

plain('BlockList refuses an address, and its IPv6 form, and no other', () => {
  const asked = ['1.1.1.1', '::ffff:1.1.1.1', '::ffff:101:101', '1.1.1.2', '::1', '::101:101'];
  const expected = ['1.1.1.1', '::ffff:1.1.1.1', '::ffff:101:101'];
  assert.deepEqual(
    refused((list) => list.addAddress('1.1.1.1'), asked),
    expected,
  );
  assert.deepEqual(
    refused((list) => list.addAddress('::ffff:1.1.1.1', 'ipv6'), asked),
    expected,
  );
});

plain('BlockList refuses a range with both ends, and nothing beyond', () => {
  const asked = ['10.0.0.0', '10.0.0.1', '10.0.0.7', '10.0.0.9', '10.0.0.10', '::ffff:10.0.0.5'];
  const expected = ['10.0.0.1', '10.0.0.7', '10.0.0.9', '::ffff:10.0.0.5'];
  assert.deepEqual(
    refused((list) => list.addRange('10.0.0.1', '10.0.0.9'), asked),
    expected,
  );
  const six = ['fe80::', 'fe80::1', 'fe80::ff', 'fe80::100'];
  assert.deepEqual(
    refused((list) => list.addRange('fe80::1', 'fe80::ff', 'ipv6'), six),
    ['fe80::1', 'fe80::ff'],
  );
});

plain('BlockList refuses a subnet up to its last bit, also as CIDR', () => {
  const asked = ['10.1.127.255', '10.1.128.0', '10.1.255.255', '10.2.0.0', '::ffff:10.1.128.1'];
  const expected = ['10.1.128.0', '10.1.255.255', '::ffff:10.1.128.1'];
  assert.deepEqual(
    refused((list) => list.addSubnet('10.1.200.7', 17), asked),
    expected,
  );
  assert.deepEqual(
    refused((list) => list.addCIDR('10.1.128.0/17'), asked),
    expected,
  );
  const six = ['2001:db8:ffff::', '2001:db8::1', '2001:db9::'];
  assert.deepEqual(
    refused((list) => list.addCIDR('2001:db8::/32'), six),
    ['2001:db8:ffff::', '2001:db8::1'],
  );
  assert.deepEqual(
    refused((list) => list.addCIDR('0.0.0.0/0'), ['9.9.9.9', '::1']),
    ['9.9.9.9'],
  );
});

plain('BlockList.rules tells the rules, the newest first, and size their number', () => {
  const list = new BlockList();
  list.addAddress('1.1.1.1');
  list.addAddress('1.1.1.1');
  list.addAddress('2001:DB8:0:0::1', 'ipv6');
  list.addRange('10.0.0.1', '10.0.0.10');
  list.addSubnet('8592:757c:efae:4e45::', 64, 'ipv6');
  list.addSubnet('1.2.3.4', 8);
  const expected = [
    'Subnet: IPv4 1.2.3.4/8',
    'Subnet: IPv6 8592:757c:efae:4e45::/64',
    'Range: IPv4 10.0.0.1-10.0.0.10',
    'Address: IPv6 2001:db8::1',
    'Address: IPv4 1.1.1.1',
  ];
  assert.deepEqual(list.rules, expected);
  assert.equal(list.size, 5);
  assert.match(inspect(list), /^BlockList \{\s+rules: \[\s+'Subnet: IPv4/);
});

plain('BlockList goes through JSON and back', () => {
  const list = new BlockList();
  list.addAddresses(['1.1.1.1', new SocketAddress({ address: '::1', family: 'ipv6' })]);
  list.addRange('::1', '::ff', 'ipv6');
  list.addCIDRs(BlockList.PRIVATE_RANGES);
  const copy = new BlockList();
  copy.fromJSON(JSON.stringify(list));
  assert.deepEqual([...copy.rules].sort(), [...list.rules].sort());
  copy.fromJSON(['no rule', 'Address: IPv4 7.7.7.7']);
  assert.equal(copy.check('7.7.7.7'), true);
  assert.throws(() => copy.fromJSON('{"a":1}'), {
    code: 'ERR_INVALID_ARG_TYPE',
    message: /must be of type string or string\[\]/,
  });
});

plain('BlockList takes rules back', () => {
  const list = new BlockList();
  list.addAddress('1.1.1.1');
  list.addRange('10.0.0.1', '10.0.0.10');
  list.addSubnet('10.1.0.0', 16);
  list.addCIDR('10.2.0.0/16');
  list.removeAddress('::ffff:1.1.1.1', 'ipv6');
  list.removeRange('10.0.0.1', '10.0.0.10');
  list.removeSubnet('10.1.0.0', 16);
  assert.deepEqual(list.rules, ['Subnet: IPv4 10.2.0.0/16']);
  list.removeCIDR('10.2.0.0/16');
  list.removeCIDR('10.2.0.0/16');
  assert.equal(list.size, 0);
  list.addAddress('1.1.1.1');
  list.clear();
  assert.equal(list.check('1.1.1.1'), false);
});

plain("BlockList throws Node's errors for bad arguments", () => {
  const list = new BlockList();
  const codes: [() => void, string, RegExp][] = [
    [() => list.addAddress('x'), 'ERR_INVALID_ADDRESS', /^Invalid socket address$/],
    [() => list.addAddress('::1'), 'ERR_INVALID_ADDRESS', /^Invalid socket address$/],
    [() => list.addRange('1.1.1.2', '1.1.1.1'), 'ERR_INVALID_ARG_VALUE', /must come before end/],
    [() => list.addSubnet('1.1.1.1', 33), 'ERR_OUT_OF_RANGE', /"prefix".*>= 0 && <= 32/],
    [() => list.addSubnet('::1', 129, 'ipv6'), 'ERR_OUT_OF_RANGE', />= 0 && <= 128/],
    [() => list.addCIDR('1.1.1.1'), 'ERR_INVALID_ARG_VALUE', /must contain a prefix length/],
    [() => list.addCIDR('1.1.1.1/08'), 'ERR_INVALID_ARG_VALUE', /must be a valid integer/],
    [() => list.addCIDRs(['1.1.1.0/24', '1.1.1.1/99']), 'ERR_OUT_OF_RANGE', /"prefix"/],
    [() => list.addAddresses(['1.1.1.1', 'x']), 'ERR_INVALID_ADDRESS', /./],
  ];
  for (const [run, code, message] of codes) assert.throws(run, { code, message });
  assert.equal(list.size, 0, 'nothing of a list with an error in it may be added');
});

plain("isBlockList knows ours, the built-in's, and nothing else", () => {
  const alike = { check: () => true, rules: [] };
  for (const list of [new BlockList(), new builtin.BlockList()]) {
    assert.equal(BlockList.isBlockList(list), true);
  }
  for (const value of [alike, {}, null, undefined, 'x', Object.create(BlockList.prototype)]) {
    assert.equal(BlockList.isBlockList(value), false);
  }
});

plain('the blockList option must be a BlockList', () => {
  const wrong = { blockList: { check: () => true } };
  const error = {
    code: 'ERR_INVALID_ARG_TYPE',
    message:
      'The "options.blockList" property must be an net.BlockList. Received an instance of Object',
  };
  assert.throws(() => createServer(wrong), error);
  assert.throws(() => new Socket(wrong), error);
});

for (const [name, Class] of [
  ['our', BlockList],
  ["the built-in's", builtin.BlockList],
] as const) {
  test(`a server closes connections at once that ${name} BlockList refuses`, async () => {
    const blockList = new Class();
    blockList.addSubnet('127.0.0.2', 32);
    const server = createServer({ blockList }, (socket) => socket.end('welcome'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const answers: string[] = [];
    for (const localAddress of ['127.0.0.2', '127.0.0.3']) {
      const { port } = server.address() as other.AddressInfo;
      const socket = builtin.connect({ port, host: '127.0.0.1', localAddress });
      let text = '';
      socket.setEncoding('utf8').on('data', (chunk) => {
        text += String(chunk);
      });
      socket.on('error', () => {});
      await once(socket, 'close');
      answers.push(text);
    }
    server.close();
    await once(server, 'close');
    assert.deepEqual(answers, ['', 'welcome']);
  });

  test(`a socket does not connect where ${name} BlockList refuses`, async () => {
    const blockList = new Class();
    blockList.addAddress('127.0.0.1');
    const socket = connect({ port: 9, host: '127.0.0.1', blockList });
    const [error] = await once(socket, 'error');
    assert.equal(error.code, 'ERR_IP_BLOCKED');
    assert.equal(error.message, 'IP(127.0.0.1) is blocked by net.BlockList');
  });
}
