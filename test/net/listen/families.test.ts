/**
 * Which families a server on `0.0.0.0` and on `::` takes. B# is oven-sh/bun, D# is denoland/deno.
 */
import assert from 'node:assert/strict';
import { errorOf, textOf } from '../../kit/outcomes.js';
import { row } from '../../kit/row.js';
import { portOf } from '../../kit/servers.js';
import { event } from '../../kit/wait.js';

// B#7355
row('a server on 0.0.0.0 takes IPv4 and not IPv6', async (s) => {
  const server = s.server((socket) => socket.end('four')).listen(0, '0.0.0.0');
  await event(server, 'listening');
  assert.deepEqual(server.address(), { address: '0.0.0.0', family: 'IPv4', port: portOf(server) });
  assert.equal(await textOf(s.connect(portOf(server), '127.0.0.1')), 'four');
  assert.equal((await errorOf(s.connect(portOf(server), '::1'))).code, 'ECONNREFUSED');
});

// D#36168
row('a server on :: takes IPv4, too, unless ipv6Only says no', async (s) => {
  for (const ipv6Only of [undefined, false, true]) {
    const server = s.server((socket) => socket.end('any'));
    server.listen({ port: 0, host: '::', ipv6Only });
    await event(server, 'listening');
    assert.equal(await textOf(s.connect(portOf(server), '::1')), 'any');
    const four = s.connect(portOf(server), '127.0.0.1');
    if (ipv6Only) assert.equal((await errorOf(four)).code, 'ECONNREFUSED');
    else assert.equal(await textOf(four), 'any');
  }
});
