/** The times of keep-alive in each profile, compared with those that the built-in sets. */
import assert from 'node:assert/strict';
import builtin from 'node:net';
import { descriptorOf, option } from '../../kit/kernel.js';
import { peer } from '../../kit/peer.js';
import { accepted, connected, type Pair } from '../../kit/peer-pair.js';
import { onProfile, row, type Scope } from '../../kit/row.js';
import { program } from '../../kit/scripts.js';
import { need } from '../../kit/tools.js';
import { event } from '../../kit/wait.js';

interface Times {
  readonly on: number;
  readonly idle: number;
  readonly interval: number;
  readonly count: number;
}

function timesOf(fd: number): Times {
  return {
    on: option(fd, 'SOL_SOCKET', 'SO_KEEPALIVE'),
    idle: option(fd, 'IPPROTO_TCP', 'TCP_KEEPIDLE'),
    interval: option(fd, 'IPPROTO_TCP', 'TCP_KEEPINTVL'),
    count: option(fd, 'IPPROTO_TCP', 'TCP_KEEPCNT'),
  };
}

async function timesOfPair({ far }: Pick<Pair, 'far'>): Promise<Times> {
  const { localPort = 0, remotePort = 0 } = await far.state();
  return timesOf(descriptorOf(remotePort, localPort));
}

/** What the built-in sets for the same options. */
async function builtinTimes(s: Scope, options: object): Promise<Times> {
  const there = await peer.listen({ host: '127.0.0.1' });
  const socket = builtin.connect({ port: there.port, host: '127.0.0.1', ...options });
  s.defer(() => socket.destroy());
  await event(socket, 'connect');
  return timesOfPair({ far: await there.accept() });
}

const OPTIONS = { keepAlive: true, keepAliveInitialDelay: 61_000 };

const WAYS: readonly (readonly [string, (s: Scope) => Promise<Pair>])[] = [
  ['the options of connect', (s) => connected(s, {}, OPTIONS)],
  ['the options of a server', (s) => accepted(s, {}, OPTIONS)],
  [
    'setKeepAlive on a connection made',
    async (s) => {
      const pair = await connected(s);
      pair.socket.setKeepAlive(true, 61_000);
      return pair;
    },
  ],
  [
    'setKeepAlive on a connection accepted',
    async (s) => {
      const pair = await accepted(s);
      pair.socket.setKeepAlive({ enable: true, initialDelay: 61_000 });
      return pair;
    },
  ],
  [
    'setKeepAlive before there is a connection',
    async (s) => {
      const there = await peer.listen({ host: '127.0.0.1' });
      const socket = s.connect({ port: there.port, host: '127.0.0.1' });
      socket.setKeepAlive(true, 61_000);
      await event(socket, 'connect');
      return { socket, far: await there.accept() };
    },
  ],
];

for (const [way, make] of WAYS) {
  onProfile('barewire/node', `${way} gives ten probes, one a second`, async (s) => {
    const times = await timesOfPair(await make(s));
    assert.deepEqual(times, { on: 1, idle: 61, interval: 1, count: 10 });
    assert.deepEqual(times, await builtinTimes(s, OPTIONS));
  });
  onProfile('barewire', `${way} sets the idle time alone`, async (s) => {
    const system = await timesOfPair(await accepted(s));
    assert.deepEqual(await timesOfPair(await make(s)), { ...system, on: 1, idle: 61 });
  });
}

row('without a delay the times stay as the system has them', async (s) => {
  const pair = await connected(s);
  const system = await timesOfPair(pair);
  pair.socket.setKeepAlive(true);
  assert.deepEqual(await timesOfPair(pair), { ...system, on: 1 });
  pair.socket.setKeepAlive(true, 999);
  assert.deepEqual(await timesOfPair(pair), { ...system, on: 1 });
  assert.deepEqual(await timesOfPair(pair), await builtinTimes(s, { keepAlive: true }));
});

row('an interval and a count that are given are the kernel’s, and 0 leaves them', async (s) => {
  const pair = await connected(s);
  pair.socket.setKeepAlive(true, 61_000, 7_000, 4);
  assert.deepEqual(await timesOfPair(pair), { on: 1, idle: 61, interval: 7, count: 4 });
  pair.socket.setKeepAlive(true, 62_000, 0, 0);
  assert.deepEqual(await timesOfPair(pair), { on: 1, idle: 62, interval: 7, count: 4 });
});

row('a handle asked itself has the times of Node’s handles', async (s) => {
  const pair = await connected(s);
  pair.socket._handle?.setKeepAlive?.(true, 63);
  assert.deepEqual(await timesOfPair(pair), { on: 1, idle: 63, interval: 1, count: 10 });
});

// oven-sh/bun#31155: another program sees it
row('keep-alive is seen by another program', async (s) => {
  const { socket, far } = await connected(s);
  const { localPort } = await far.state();
  socket.setKeepAlive(true, 30_000);
  need('ss');
  const ss = program(s, 'ss', ['-Htno', `dport = :${localPort}`]);
  assert.equal(await ss.exit(), 0);
  assert.match(ss.output, /timer:\(keepalive,/);
});
