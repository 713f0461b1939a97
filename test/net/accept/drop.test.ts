/** `'drop'`: connections over `maxConnections`. B# is oven-sh/bun, D# is denoland/deno. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { linux } from '#internal/sys/linux';
import { pairOf } from '../../kit/our-pair.js';
import { peer } from '../../kit/peer.js';
import { row } from '../../kit/row.js';
import { script } from '../../kit/scripts.js';
import { boundDescriptor, listening } from '../../kit/servers.js';
import { event, turns } from '../../kit/wait.js';

row('drop tells both ends of the connection as the peer has them', async (s) => {
  const server = s.server();
  server.maxConnections = 0;
  const port = await s.port(server);
  const dropped = event<[object]>(server, 'drop');
  const { fd, port: localPort } = boundDescriptor();
  s.defer(() => linux.close(fd, -1));
  linux.connect(fd, linux.constants.AF_INET, '127.0.0.1', port);
  assert.deepEqual(
    { ...(await dropped)[0] },
    {
      localAddress: '127.0.0.1',
      localPort: port,
      localFamily: 'IPv4',
      remoteAddress: '127.0.0.1',
      remotePort: localPort,
      remoteFamily: 'IPv4',
    },
  );
  server.maxConnections = 1;
  const connection = event(server, 'connection');
  await peer.connect({ port });
  await connection;
});

row('on a UNIX path drop has no data', async (s) => {
  const path = join(s.folder(), 'd');
  const server = s.server();
  server.maxConnections = 0;
  await listening(server, { path });
  const dropped = event(server, 'drop');
  await (await peer.connect({ path })).until({ closed: true });
  assert.deepEqual(await dropped, []);
});

row('outside a cluster dropMaxConnection changes nothing', async (s) => {
  for (const drop of [true, false]) {
    const server = s.server();
    server.maxConnections = 0;
    server.dropMaxConnection = drop;
    const port = await s.port(server);
    const dropped = event(server, 'drop');
    await (await peer.connect({ port })).until({ closed: true });
    await dropped;
  }
});

// One of Node's own tests, in our words.
row('drop tells both ends of the connection that was not taken', async (s) => {
  const { server, port, accepted } = await pairOf(s);
  server.maxConnections = 1;
  const dropped = event<[Record<string, unknown>]>(server, 'drop');
  const second = s.connect(port, '127.0.0.1').on('error', () => {});
  await event(second, 'connect');
  const { localPort } = second;
  const [info] = await dropped;
  assert.deepEqual(
    { ...info },
    {
      localAddress: '127.0.0.1',
      localPort: port,
      localFamily: 'IPv4',
      remoteAddress: '127.0.0.1',
      remotePort: localPort,
      remoteFamily: 'IPv4',
    },
  );
  await event(second.resume(), 'close');
  accepted.destroy();
  await turns();
  const third = s.connection(server);
  s.connect(port, '127.0.0.1');
  await third;
});

// B#35022
row('a drop listener that throws does not keep the connection', async (s) => {
  const program = script(
    s,
    s.profile,
    `process.on('uncaughtException', (error) => console.log(error.message));
     const server = net.createServer();
     server.maxConnections = 0;
     server.on('connection', () => console.log('taken'));
     server.on('drop', () => { server.close(); throw new Error('planted'); });
     server.listen(0, '127.0.0.1', () => {
       const client = net.connect(server.address().port, '127.0.0.1').resume();
       client.on('error', () => {}).on('close', () => console.log('closed'));
     });`,
  );
  assert.equal(await program.exit(), 0, program.output);
  assert.equal(program.output, 'planted\nclosed\n');
});
