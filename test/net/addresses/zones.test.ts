/** IPv6 addresses with a zone. */
import assert from 'node:assert/strict';
import { networkInterfaces } from 'node:os';
import { textOf } from '../../kit/outcomes.js';
import { row } from '../../kit/row.js';
import { event, logOf, until } from '../../kit/wait.js';

const loopback = Object.entries(networkInterfaces()).find(([, addresses]) =>
  addresses?.some(({ address }) => address === '::1'),
)?.[0];

// B node-net.test.ts "IPv6 scoped address literals"
row('an address with the zone of an interface connects, and can be listened on', async (s) => {
  if (loopback === undefined) return;
  const host = `::1%${loopback}`;
  assert.equal(s.net.isIP(host), 6);
  const server = s.server((socket) => socket.end('zone')).listen(0, host);
  await event(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  assert.equal(address.family, 'IPv6');
  assert.equal(await textOf(s.connect(address.port, host)), 'zone');
});

// B node-net.test.ts "an unknown zone … instead of hanging"
row('an address with a zone that is none ends in an event, one way or the other', async (s) => {
  const server = s.server().listen(0, '::1');
  await event(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const socket = s.connect({ port: address.port, host: '::1%nosuchif0' });
  const log = logOf(socket, 'connect', 'error');
  await until(() => log.length > 0, 'connect or error');
});
