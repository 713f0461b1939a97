/** `connect`'s options, as the peer and the kernel see them. */
import assert from 'node:assert/strict';
import { ADDRCONFIG } from 'node:dns';
import type { Lookup } from '#internal/dial/target';
import { descriptorOf, option, optionsOf } from '../../kit/kernel.js';
import { type PeerSocket, peer } from '../../kit/peer.js';
import { connected } from '../../kit/peer-pair.js';
import { reservedPort } from '../../kit/port.js';
import { row, type Scope } from '../../kit/row.js';
import { event, logOf } from '../../kit/wait.js';

interface Asked {
  readonly lookup: Lookup;
  /** What the lookup was called with. */
  readonly calls: { host: string; family: unknown; hints: unknown; all: unknown }[];
}

/** A lookup that notes what it is asked, and answers with these addresses. */
function lookupOf(...addresses: { address: string; family: number }[]): Asked {
  const calls: Asked['calls'] = [];
  const [{ address, family } = { address: '', family: 0 }] = addresses;
  return {
    calls,
    lookup: (host, { family: asked, hints, all }, callback) => {
      calls.push({ host, family: asked, hints, all });
      if (all) process.nextTick(callback, null, addresses);
      else process.nextTick(callback, null, address, family);
    },
  };
}

const V4 = { address: '127.0.0.1', family: 4 };

const V6 = { address: '::1', family: 6 };

row('family and hints are what the lookup is asked for', async (s) => {
  const there = await peer.listen({ host: '127.0.0.1' });
  for (const [family, asked] of [
    [4, 4],
    ['IPv4', 4],
    [0, 0],
    [undefined, undefined],
  ] as const) {
    const { lookup, calls } = lookupOf(V4);
    const options = { port: there.port, host: 'a.example', family, hints: ADDRCONFIG, lookup };
    await event(s.connect(options), 'connect');
    assert.equal(calls.length, 1);
    assert.equal(calls[0]?.host, 'a.example');
    assert.equal(calls[0]?.family || undefined, asked || undefined);
    assert.equal(calls[0]?.hints, ADDRCONFIG);
  }
});

row('family chooses among the addresses of localhost', async (s) => {
  const there = await peer.listen({ host: '::' });
  for (const [family, expected] of [
    [4, '::ffff:127.0.0.1'],
    [6, '::1'],
  ] as const) {
    const lookup: Lookup = (_host, options, callback) => {
      const found = [V4, V6].filter((one) => one.family === options.family);
      if (options.all) process.nextTick(callback, null, found);
      else process.nextTick(callback, null, found[0]?.address ?? '', found[0]?.family ?? 0);
    };
    s.connect({ port: there.port, host: 'both.example', family, lookup });
    assert.equal((await (await there.accept()).state()).remoteAddress, expected);
  }
});

row('lookup is not asked for an IP address, and its error is the socket’s', async (s) => {
  const there = await peer.listen({ host: '127.0.0.1' });
  const { lookup, calls } = lookupOf(V4);
  await event(s.connect({ port: there.port, host: '127.0.0.1', lookup }), 'connect');
  assert.deepEqual(calls, []);
  const failure = Object.assign(new Error('no such thing'), { code: 'ENOTFOUND' });
  const failing: Lookup = (_host, _options, callback) =>
    process.nextTick(callback as (error: Error) => void, failure);
  const socket = s.connect({ port: there.port, host: 'b.example', lookup: failing });
  assert.deepEqual(await event(socket, 'error'), [failure]);
});

async function far(s: Scope, options: object): Promise<PeerSocket> {
  const there = await peer.listen({ host: '127.0.0.1' });
  s.connect({ port: there.port, host: '127.0.0.1', ...options });
  return there.accept();
}

// nodejs/node#19407
row('a lookup’s list may have holes, and a useless one is an error of the socket', async (s) => {
  const there = await peer.listen({ host: '127.0.0.1' });
  const outcome = async (answer: unknown, later: boolean, every: boolean): Promise<string> => {
    const lookup: Lookup = (_host, _options, callback) => {
      const done = callback as (error: null, answer: unknown) => void;
      if (later) setImmediate(done, null, answer);
      else done(null, answer);
    };
    const options = { port: there.port, host: 'a.name', lookup, autoSelectFamily: every };
    const socket = s.connect(options);
    return new Promise((resolve) => {
      socket.on('connect', () => resolve('connected'));
      socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
    });
  };
  const sparse = [];
  sparse[1] = V4;
  for (const later of [false, true]) {
    for (const every of [false, true]) {
      for (const list of [[null, V4], [undefined, V4], sparse, ['127.0.0.1', V4]]) {
        assert.equal(await outcome(list, later, every), 'connected', JSON.stringify(list));
      }
      for (const list of [[], [null], [undefined], ['127.0.0.1'], [{}], null]) {
        const code = await outcome(list, later, every);
        assert.equal(code, 'ERR_INVALID_IP_ADDRESS', JSON.stringify(list));
      }
    }
  }
});

row('localAddress and localPort are what the peer sees', async (s) => {
  const localPort = reservedPort(s);
  const both = await (await far(s, { localAddress: '127.0.0.9', localPort })).state();
  assert.deepEqual([both.remoteAddress, both.remotePort], ['127.0.0.9', localPort]);
  const other = reservedPort(s);
  const portOnly = await (await far(s, { localPort: other })).state();
  assert.deepEqual([portOnly.remoteAddress, portOnly.remotePort], ['127.0.0.1', other]);
});

row('a local port that listens already is EADDRINUSE', async (s) => {
  const taken = await peer.listen({ host: '127.0.0.1' });
  const there = await peer.listen({ host: '127.0.0.1' });
  const options = { port: there.port, host: '127.0.0.1', localAddress: '127.0.0.1' };
  const socket = s.connect({ ...options, localPort: taken.port });
  const [error] = await event<[NodeJS.ErrnoException]>(socket, 'error');
  assert.equal(error.code, 'EADDRINUSE');
});

row('autoSelectFamily: false tries the first address only', async (s) => {
  const there = await peer.listen({ host: '127.0.0.1' });
  const wrong = { address: '127.0.0.8', family: 4 };
  const alone = lookupOf(wrong, V4);
  const options = { port: there.port, host: 'c.example' };
  const one = s.connect({ ...options, lookup: alone.lookup, autoSelectFamily: false });
  const [error] = await event<[NodeJS.ErrnoException & { address?: string }]>(one, 'error');
  assert.deepEqual([error.code, error.address], ['ECONNREFUSED', '127.0.0.8']);
  assert.equal(Boolean(alone.calls[0]?.all), false);
  assert.equal(one.autoSelectFamilyAttemptedAddresses, undefined);

  const every = lookupOf(wrong, V4);
  const two = s.connect({ ...options, lookup: every.lookup, autoSelectFamily: true });
  await event(two, 'connect');
  assert.equal(every.calls[0]?.all, true);
  assert.deepEqual(two.autoSelectFamilyAttemptedAddresses, [
    `127.0.0.8:${there.port}`,
    `127.0.0.1:${there.port}`,
  ]);
  assert.equal((await (await there.accept()).state()).localAddress, '127.0.0.1');
});

row('setDefaultAutoSelectFamily is what connect goes by', async (s) => {
  const { net } = s;
  const before = net.getDefaultAutoSelectFamily();
  s.defer(() => net.setDefaultAutoSelectFamily(before));
  assert.equal(before, true);
  const there = await peer.listen({ host: '127.0.0.1' });
  for (const value of [false, true]) {
    net.setDefaultAutoSelectFamily(value);
    assert.equal(net.getDefaultAutoSelectFamily(), value);
    const { lookup, calls } = lookupOf({ address: '127.0.0.8', family: 4 }, V4);
    const socket = s.connect({ port: there.port, host: 'd.example', lookup });
    if (value) await event(socket, 'connect');
    else
      assert.equal((await event<[NodeJS.ErrnoException]>(socket, 'error'))[0].code, 'ECONNREFUSED');
    assert.equal(Boolean(calls[0]?.all), value);
  }
});

row('timeout counts from the connecting on, and the connection stays', async (s) => {
  const { socket, far: other } = await connected(s, {}, { timeout: 60 });
  assert.equal(socket.timeout, 60);
  await event(socket, 'timeout');
  socket.write('still here');
  assert.equal((await other.until({ bytes: 10 })).text, 'still here');
});

row('signal destroys the socket, before, while and after connecting', async (s) => {
  const there = await peer.listen({ host: '127.0.0.1' });
  const reason = new Error('enough');
  for (const when of ['before', 'while', 'after']) {
    const control = new AbortController();
    if (when === 'before') control.abort(reason);
    const { signal } = control;
    const socket = s.connect({ port: there.port, host: '127.0.0.1', signal });
    const log = logOf(socket, 'error', 'close');
    const failed = event<[Error & { code?: string }]>(socket, 'error');
    const closed = event(socket, 'close');
    if (when === 'while') control.abort(reason);
    if (when === 'after') {
      await event(socket, 'connect');
      control.abort(reason);
    }
    const [error] = await failed;
    assert.deepEqual([error.name, error.code, error.cause], ['AbortError', 'ABORT_ERR', reason]);
    assert.deepEqual(await closed, [true]);
    assert.deepEqual(log, ['error', 'close']);
    if (when === 'after') await (await there.accept()).until({ closed: true });
  }
});

row('noDelay, keepAlive and typeOfService are on the connection when it stands', async (s) => {
  const options = { noDelay: true, keepAlive: true, keepAliveInitialDelay: 55_000 };
  const there = await peer.listen({ host: '127.0.0.1' });
  const socket = s.connect({
    port: there.port,
    host: '127.0.0.1',
    ...options,
    typeOfService: 0x10,
  });
  await event(socket, 'connect');
  const { remotePort = 0, localPort = 0 } = await (await there.accept()).state();
  assert.deepEqual(optionsOf(remotePort, localPort), { noDelay: 1, keepAlive: 1, keepIdle: 55 });
  assert.equal(option(descriptorOf(remotePort, localPort), 'IPPROTO_IP', 'IP_TOS'), 0x10);
});
