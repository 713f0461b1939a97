/** The addresses and ports that a socket reports of its two ends. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { ss } from '../../kit/kernel.js';
import { peer } from '../../kit/peer.js';
import { accepted, connected } from '../../kit/peer-pair.js';
import { row } from '../../kit/row.js';
import { event } from '../../kit/wait.js';

row('C075 address() is the local end', async (s) => {
  const { socket, far } = await accepted(s);
  const { remotePort, remoteAddress } = await far.state();
  const expected = { port: remotePort, family: 'IPv4', address: remoteAddress };
  assert.deepEqual(socket.address(), expected);
  const there = await peer.listen({ host: '::1' });
  const six = s.connect(there.port, '::1');
  await event(six, 'connect');
  const state = await (await there.accept()).state();
  assert.deepEqual(six.address(), { port: state.remotePort, family: 'IPv6', address: '::1' });
});

row('C077 remoteAddress and remotePort, on IPv4 and IPv6', async (s) => {
  for (const host of ['127.0.0.1', '::1']) {
    const there = await peer.listen({ host });
    const socket = s.connect(there.port, host);
    await event(socket, 'connect');
    assert.deepEqual([socket.remoteAddress, socket.remotePort], [host, there.port]);
    const server = s.server().listen(0, host);
    await event(server, 'listening');
    const connection = s.connection(server);
    const { port } = server.address() as { port: number };
    const far = await peer.connect({ port, host });
    const { remoteAddress, remotePort } = await connection;
    const { localAddress, localPort } = await far.state();
    assert.deepEqual([remoteAddress, remotePort], [localAddress, localPort]);
  }
});

row('C078 localAddress is the address that the client came to', async (s) => {
  const server = s.server().listen(0, '0.0.0.0');
  await event(server, 'listening');
  const { port } = server.address() as { port: number };
  for (const host of ['127.0.0.1', '127.0.0.5']) {
    const connection = s.connection(server);
    await peer.connect({ port, host });
    const { localAddress, localPort } = await connection;
    assert.deepEqual([localAddress, localPort], [host, port]);
  }
  const { socket, far } = await connected(s);
  const { remoteAddress, remotePort } = await far.state();
  assert.deepEqual([socket.localAddress, socket.localPort], [remoteAddress, remotePort]);
});

row('localFamily and remoteFamily are those of the connection in the kernel', async (s) => {
  for (const [host, family, flag] of [
    ['127.0.0.1', 'IPv4', '-t4'],
    ['::1', 'IPv6', '-t6'],
  ] as const) {
    const { socket, far } = await connected(s, { host }, { host });
    const { localPort, remotePort } = await far.state();
    assert.equal(ss(flag, `sport = :${remotePort} and dport = :${localPort}`).length, 1);
    assert.deepEqual([socket.localFamily, socket.remoteFamily], [family, family]);
    socket.destroy();
    await event(socket, 'close');
    assert.equal(socket.localFamily, undefined);
  }
  const path = join(s.folder(), 's');
  await peer.listen({ path });
  const socket = s.connect(path);
  await event(socket, 'connect');
  assert.deepEqual([socket.localFamily, socket.remoteFamily], [undefined, undefined]);
});
