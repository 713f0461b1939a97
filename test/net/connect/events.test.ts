/** The events of connecting, beyond `'connect'`, with the arguments Node documents. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import manualNet from 'barewire';
import nodeProfileNet from 'barewire/node';
import type { Lookup } from '#internal/dial/target';
import { peer } from '../../kit/peer.js';
import { reservedPort } from '../../kit/port.js';
import { compiled, Program } from '../../kit/program.js';
import { row, type Socket } from '../../kit/row.js';
import { SILENT_NETWORK } from '../../kit/silent-network.js';
import { need, skipping } from '../../kit/tools.js';
import { event } from '../../kit/wait.js';

const NAMES = [
  'lookup',
  'connectionAttempt',
  'connectionAttemptFailed',
  'connectionAttemptTimeout',
  'connect',
  'ready',
  'error',
  'close',
];

/** Each event with its arguments; of errors the code. */
function recorded(socket: Socket): unknown[][] {
  const log: unknown[][] = [];
  for (const name of NAMES) {
    socket.on(name, (...args: unknown[]) => {
      const plain = args.map((one) =>
        one instanceof Error ? (one as NodeJS.ErrnoException).code : one,
      );
      log.push([name, ...plain]);
    });
  }
  return log;
}

function answering(...addresses: string[]): Lookup {
  const found = addresses.map((address) => ({ address, family: 4 }));
  return (_host, options, callback) => {
    if (options.all) process.nextTick(callback, null, found);
    else process.nextTick(callback, null, addresses[0] ?? '', 4);
  };
}

row('lookup, connectionAttempt, connect and ready come in this order', async (s) => {
  const { port } = await peer.listen({ host: '127.0.0.1' });
  const socket = s.connect({ port, host: 'a.example', lookup: answering('127.0.0.1') });
  const log = recorded(socket);
  await event(socket, 'ready');
  assert.deepEqual(log, [
    ['lookup', null, '127.0.0.1', 4, 'a.example'],
    ['connectionAttempt', '127.0.0.1', port, 4],
    ['connect'],
    ['ready'],
  ]);
});

row('an IP address needs no lookup', async (s) => {
  const { port } = await peer.listen({ host: '127.0.0.1' });
  const socket = s.connect(port, '127.0.0.1');
  const log = recorded(socket);
  await event(socket, 'ready');
  assert.deepEqual(log, [['connectionAttempt', '127.0.0.1', port, 4], ['connect'], ['ready']]);
});

row('each address of a name has its lookup, and each failure is told', async (s) => {
  const { port } = await peer.listen({ host: '127.0.0.1' });
  const lookup = answering('127.0.0.8', '127.0.0.1');
  const socket = s.connect({ port, host: 'b.example', lookup });
  const log = recorded(socket);
  await event(socket, 'ready');
  assert.deepEqual(log, [
    ['lookup', null, '127.0.0.8', 4, 'b.example'],
    ['lookup', null, '127.0.0.1', 4, 'b.example'],
    ['connectionAttempt', '127.0.0.8', port, 4],
    ['connectionAttemptFailed', '127.0.0.8', port, 4, 'ECONNREFUSED'],
    ['connectionAttempt', '127.0.0.1', port, 4],
    ['connect'],
    ['ready'],
  ]);
});

row('where the only address refuses, the attempt fails, then the socket', async (s) => {
  const port = reservedPort(s);
  const socket = s.connect(port, '127.0.0.1');
  const log = recorded(socket);
  await event(socket, 'close');
  assert.deepEqual(log, [
    ['connectionAttempt', '127.0.0.1', port, 4],
    ['connectionAttemptFailed', '127.0.0.1', port, 4, 'ECONNREFUSED'],
    ['error', 'ECONNREFUSED'],
    ['close', true],
  ]);
});

row('a lookup that fails is told by lookup and error', async (s) => {
  const failure = Object.assign(new Error('no'), { code: 'ENOTFOUND' });
  const lookup: Lookup = (_host, _options, callback) =>
    process.nextTick(callback as (error: Error) => void, failure);
  const socket = s.connect({ port: 1, host: 'c.example', lookup });
  const log = recorded(socket);
  await event(socket, 'close');
  assert.deepEqual(log, [
    ['lookup', 'ENOTFOUND', undefined, undefined, 'c.example'],
    ['error', 'ENOTFOUND'],
    ['close', true],
  ]);
});

row('a UNIX path has its attempt and its failure', async (s) => {
  const path = join(s.folder(), 's');
  const failing = s.own(new s.net.Socket());
  const failed = recorded(failing);
  failing.connect(path);
  await event(failing, 'close');
  assert.deepEqual(failed, [
    ['connectionAttempt', path, undefined, undefined],
    ['connectionAttemptFailed', path, undefined, undefined, 'ENOENT'],
    ['error', 'ENOENT'],
    ['close', true],
  ]);
  await peer.listen({ path });
  const socket = s.own(new s.net.Socket());
  const log = recorded(socket);
  socket.connect(path);
  await event(socket, 'ready');
  assert.deepEqual(log, [
    ['connectionAttempt', path, undefined, undefined],
    ['connect'],
    ['ready'],
  ]);
});

for (const net of [manualNet, nodeProfileNet]) {
  test('the default attempt time can be read and set, and is 10 ms at least', () => {
    const before = net.getDefaultAutoSelectFamilyAttemptTimeout();
    assert.ok(before >= 250, `${before}`);
    net.setDefaultAutoSelectFamilyAttemptTimeout(321);
    assert.equal(net.getDefaultAutoSelectFamilyAttemptTimeout(), 321);
    net.setDefaultAutoSelectFamilyAttemptTimeout(1);
    assert.equal(net.getDefaultAutoSelectFamilyAttemptTimeout(), 10);
    net.setDefaultAutoSelectFamilyAttemptTimeout(before);
  });
}

test('connectionAttemptTimeout comes after the default attempt time', (t) =>
  skipping(t, async () => {
    need('ip', 'unshare');
    const inside = `${SILENT_NETWORK} && exec "$0" "$1" "$2"`;
    const args = [
      '-n',
      'sh',
      '-ec',
      inside,
      process.execPath,
      compiled('dial-race'),
      'defaultTime',
    ];
    const { code, stdout, stderr } = await new Program('unshare', args).ended;
    assert.equal(code, 0, stderr);
    const { connected, events } = JSON.parse(stdout.split('\n')[0] ?? '') as {
      connected: string;
      events: [string, string, number][];
    };
    assert.equal(connected, '127.0.0.2');
    const [name, address, ms] = events[1] ?? ['', '', 0];
    assert.deepEqual([name, address], ['connectionAttemptTimeout', '10.9.0.77']);
    assert.ok(ms >= 88 && ms < 480, `${ms} ms, the default being 500`);
  }));
