/** Readiness, edge-triggered, and descriptors, on Linux and on the simulator that is held to it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linux } from '#internal/sys/linux';
import { constants } from '#internal/sys/sim/constants';
import { behaviour } from './kit/behaviour.js';

test('the simulator has the constants of this machine', () => {
  assert.deepEqual({ ...constants }, { ...linux.constants });
});

behaviour('each arrival of bytes is reported once, with all that holds', async (k) => {
  const { client, server } = await k.tcpPair();
  k.watch(server);
  assert.deepEqual(await k.events(server), ['OUT']);
  k.write(client, 'a');
  assert.deepEqual(await k.events(server), ['IN OUT']);
  assert.deepEqual(await k.events(server), []);
  k.write(client, 'b');
  assert.deepEqual(await k.events(server), ['IN OUT']);
  assert.equal(k.read(server), 'ab');
  assert.deepEqual(await k.events(server), []);
});

behaviour(
  'what is ready already is reported when it is registered, or asked for anew',
  async (k) => {
    const { client, server } = await k.tcpPair();
    k.write(client, 'a');
    await k.settle();
    k.watch(server, k.c.EPOLLIN);
    assert.deepEqual(await k.events(server), ['IN']);
    const mask = k.c.EPOLLIN | k.c.EPOLLET;
    k.is(k.kernel.hookControl(server, k.c.EPOLL_CTL_MOD, mask, server, 1), 0);
    assert.deepEqual(await k.events(server), ['IN']);
  },
);

behaviour('a closed descriptor that no other stands for leaves the set by itself', async (k) => {
  const { client, server } = await k.tcpPair();
  k.watch(server);
  assert.deepEqual(await k.events(server), ['OUT']);
  k.is(k.kernel.close(server, -1), 0);
  k.write(client, 'late');
  await k.settle();
  assert.deepEqual(await k.events(server), []);
});

behaviour('a change that was not asked for is not reported', async (k) => {
  const { client, server } = await k.tcpPair();
  k.watch(server, k.c.EPOLLOUT);
  assert.deepEqual(await k.events(server), ['OUT']);
  k.write(client, 'a');
  assert.deepEqual(await k.events(server), []);
});

behaviour('a connection under way reports once it stands', async (k) => {
  const { port } = k.listener();
  const client = k.tcp();
  k.connect(client, port);
  k.watch(client);
  assert.deepEqual(await k.events(client), ['OUT']);
  assert.equal(k.pendingError(client), 0);
});

behaviour('FIN is reported as the end of input and a half hang-up', async (k) => {
  const { client, server } = await k.tcpPair();
  k.watch(server);
  await k.events(server);
  k.is(k.kernel.shutdown(client, k.c.SHUT_WR), 0);
  assert.deepEqual(await k.events(server), ['IN OUT RDHUP']);
  assert.deepEqual(await k.events(server), []);
});

behaviour('registering twice is EEXIST, changing what is not registered ENOENT', (k) => {
  const { fd } = k.listener();
  k.is(k.watch(fd), 0);
  k.fails(k.watch(fd), 'EEXIST');
  k.is(k.unwatch(fd), 0);
  k.fails(k.unwatch(fd), 'ENOENT');
  const mask = k.c.EPOLLIN;
  k.fails(k.kernel.hookControl(fd, k.c.EPOLL_CTL_MOD, mask, 1, 1), 'ENOENT');
  k.fails(k.kernel.hookControl(999, k.c.EPOLL_CTL_ADD, mask, 1, 1), 'EBADF');
});

behaviour('a descriptor closed while another one holds the connection still reports', async (k) => {
  const { client, server } = await k.tcpPair();
  const second = k.ok(k.kernel.dup(server));
  k.watch(server);
  await k.events(server);
  k.close(server);
  k.write(client, 'a');
  assert.deepEqual(await k.events(server), ['IN OUT']);
  k.close(second);
  k.write(client, 'b');
  assert.deepEqual(await k.events(server), []);
});

behaviour(
  'a number is used again, the lowest first, and events belong to the new one',
  async (k) => {
    const { client, server } = await k.tcpPair();
    k.watch(server);
    await k.events(server);
    k.write(client, 'a');
    k.close(server);
    const fresh = k.unix();
    assert.equal(fresh, server);
    assert.deepEqual(await k.events(server), []);
    k.is(k.watch(fresh), 0);
  },
);

behaviour('closing what is not owned is EBADF', (k) => {
  k.fails(k.kernel.close(-1, -1), 'EBADF');
  k.fails(k.kernel.close(100_000, -1), 'EBADF');
  const { fd } = k.listener();
  assert(k.kernel.ledger().includes(fd));
  k.is(k.kernel.release(fd), fd);
  assert(!k.kernel.ledger().includes(fd));
  k.fails(k.kernel.close(fd, -1), 'EBADF');
  k.is(k.kernel.adopt(fd), fd);
  k.fails(k.kernel.adopt(fd), 'EEXIST');
  k.close(fd);
});

behaviour('closing takes it out of the set even where the connection lives on', async (k) => {
  const { client, server } = await k.tcpPair();
  k.ok(k.kernel.dup(server));
  k.watch(server);
  await k.events(server);
  // The number of the hook's own epoll descriptor is not known here: leave the set by hand.
  k.is(k.unwatch(server), 0);
  k.close(server);
  k.write(client, 'a');
  assert.deepEqual(await k.events(server), []);
});

behaviour('spans outside of the buffer are EINVAL', async (k) => {
  const { client } = await k.tcpPair();
  const bytes = Buffer.alloc(8);
  k.fails(k.kernel.read(client, bytes, 4, 5), 'EINVAL');
  k.fails(k.kernel.write(client, bytes, -1, 2), 'EINVAL');
  k.fails(k.kernel.write(client, bytes, 9, 0), 'EINVAL');
});
