/**
 * Looking up a host: whose answer counts, and which of its addresses are tried. B# is oven-sh/bun,
 * D# is denoland/deno.
 */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import type { Lookup } from '#internal/dial/target';
import { loose } from '../../kit/bad-arguments.js';
import { answering, answeringLater } from '../../kit/lookups.js';
import { errorOf, textOf } from '../../kit/outcomes.js';
import { reservedPort } from '../../kit/port.js';
import { row } from '../../kit/row.js';
import { script } from '../../kit/scripts.js';
import { delay, event, logOf } from '../../kit/wait.js';

// B net-connect-lookup.test.ts
row('a lookup whose answer is no text is ERR_INVALID_IP_ADDRESS', async (s) => {
  for (const family of [4, 6]) {
    const lookup: Lookup = (_host, _options, callback) => {
      callback(null, loose<string>(['127.0.0.1']), family);
    };
    const socket = s.connect({ port: 80, host: 'a.example', family, lookup });
    assert.equal((await errorOf(socket)).code, 'ERR_INVALID_IP_ADDRESS');
  }
});

// B net-connect-lookup.test.ts
row('a lookup of one’s own decides where to, whatever the name', async (s) => {
  const port = await s.port(s.server((socket) => socket.end('here')));
  const lookup = answering('127.0.0.1');
  for (const family of [0, 4]) {
    const socket = s.connect({ port, host: 'not-there.invalid', family, lookup });
    assert.equal(await textOf(socket), 'here');
  }
});

// B#30699
row('a local port goes with a name that has addresses of both families', async (s) => {
  const port = await s.port(s.server((socket) => socket.on('error', () => {}).end()));
  for (const addresses of [
    ['::1', '127.0.0.1'],
    ['127.0.0.1', '::1'],
  ]) {
    const localPort = reservedPort(s);
    const lookup: Lookup = (...asked) => setImmediate(answering(...addresses), ...asked);
    const socket = s.connect({ port, host: 'both.example', localPort, lookup });
    const attempts: string[] = [];
    socket.on('connectionAttempt', (address) => attempts.push(address));
    await event(socket, 'connect');
    assert.equal(socket.localPort, localPort);
    // What can not be bound is not attempted.
    assert.equal(attempts[0], addresses[0]);
    socket.resetAndDestroy();
  }
});

// B#25633, B#32660
row('addresses that fail at once, each of them, give one error of all', async (s) => {
  const lookup = answering('240.0.0.1', '255.255.255.255', '::ffff:255.255.255.255');
  const options = { port: 9, host: 'none.example', lookup, autoSelectFamilyAttemptTimeout: 20 };
  const socket = s.connect(options);
  const log = logOf(socket, 'error', 'close', 'connect', 'timeout');
  socket.setTimeout(500, () => socket.destroy());
  const failed = new Promise<unknown>((resolve) => socket.once('error', resolve));
  await event(socket, 'close');
  await delay(60);
  if (!log.includes('timeout')) {
    assert.deepEqual(log, ['error', 'close']);
    assert.ok((await failed) instanceof AggregateError);
  }
});

const PRINT = `
  console.log(net.getDefaultAutoSelectFamily(), net.getDefaultAutoSelectFamilyAttemptTimeout());
`;

// One of Node's own tests, in our words.
row('the command line can turn the selection of addresses off', async (s) => {
  for (const [flags, expected] of [
    [[], /^true \d+/],
    [['--no-network-family-autoselection'], /^false /],
    [['--no-network-family-autoselection', '--network-family-autoselection'], /^true /],
    [['--network-family-autoselection-attempt-timeout=123'], /^true 123$/m],
    [['--network-family-autoselection-attempt-timeout', '321'], /^true 321$/m],
  ] as const) {
    const program = script(s, s.profile, PRINT, flags);
    assert.equal(await program.exit(), 0, program.output);
    assert.match(program.output, expected, flags.join(' '));
  }
});

function openDescriptors(): number {
  return readdirSync('/proc/self/fd').length;
}

// nodejs/node#50479
row('refused addresses leave no descriptor open', async (s) => {
  await event(
    s.connect(1, '127.0.0.1').on('error', () => {}),
    'close',
  );
  const before = openDescriptors();
  for (let i = 0; i < 40; i++) {
    const lookup = answeringLater('127.0.0.2', '127.0.0.3', '127.0.0.4');
    const socket = s.connect({ port: 1, host: 'several.example', lookup }).on('error', () => {});
    await event(socket, 'close');
  }
  assert.ok(openDescriptors() <= before + 2, `${before} to ${openDescriptors()}`);
});

// One of Node's own tests, in our words.
row('a host that is an address is not looked up', async (s) => {
  const port = await s.port(s.server((socket) => socket.resume()));
  let asked = 0;
  const lookup: Lookup = (_host, _options, callback) => {
    asked++;
    callback(null, '127.0.0.1', 4);
  };
  await event(s.connect({ port, host: '127.0.0.1', lookup }), 'connect');
  assert.equal(asked, 0);
  await event(s.connect({ port, host: 'a.example', family: 4, lookup }), 'connect');
  assert.equal(asked, 1);
});
