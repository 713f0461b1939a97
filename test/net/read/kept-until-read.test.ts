/**
 * Bytes that come before the program reads them, or before the peer is gone, are kept. B# is
 * oven-sh/bun, D# is denoland/deno.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { pairOf } from '../../kit/our-pair.js';
import { textOf } from '../../kit/outcomes.js';
import { peer } from '../../kit/peer.js';
import { pattern } from '../../kit/peer-calls.js';
import { row } from '../../kit/row.js';
import { sha1 } from '../../kit/sha1.js';
import { event, logOf, turns, until } from '../../kit/wait.js';

// B#35108
row('pause inside the connection handler holds until resume, and loses nothing', async (s) => {
  const bytes = 8_000_000;
  const { client, accepted } = await pairOf(s, (socket) => void socket.pause());
  const log = logOf(client, 'drain');
  client.write(Buffer.alloc(bytes));
  await turns(50);
  assert.deepEqual([log, accepted.readableFlowing], [[], false]);
  let got = 0;
  accepted.on('data', (chunk: Buffer) => {
    got += chunk.length;
  });
  accepted.resume();
  await until(
    () => got === bytes,
    () => `${got} of ${bytes}`,
  );
});

// B#34285
row('bytes that come before somebody reads are kept, on either side', async (s) => {
  const { client, accepted } = await pairOf(s);
  assert.deepEqual([client.readableFlowing, accepted.readableFlowing], [null, null]);
  client.write('to the server');
  accepted.write('to the client');
  await turns(20);
  const chunks = await Promise.all([client, accepted].map((one) => event<[Buffer]>(one, 'data')));
  assert.deepEqual(chunks.map(String), ['to the client', 'to the server']);
});

// D#20188
row('many sockets at once each get their own bytes', async (s) => {
  const port = await s.port(s.server((socket) => void socket.pipe(socket)));
  const texts = Array.from({ length: 20 }, (_, i) => `${i}:`.repeat(2000));
  const echoed = texts.map((text) => {
    const socket = s.connect(port, '127.0.0.1');
    socket.end(text);
    return textOf(socket);
  });
  assert.deepEqual(await Promise.all(echoed), texts);
});

// libuv/libuv#4997
row('everything that was sent before the peer was gone arrives', async (s) => {
  const path = join(s.folder(), 'here');
  const server = s.server({ pauseOnConnect: true }).listen(path);
  await event(server, 'listening');
  for (const bytes of [1, 65536, 100_000, 150_001]) {
    const accepting = s.connection(server);
    const far = await peer.connect({ path });
    const socket = await accepting;
    await far.fill(bytes);
    await far.until({ flushed: true });
    await far.destroy();
    await far.until({ closed: true });
    const chunks: Buffer[] = [];
    const closed = event(socket, 'close');
    socket.on('data', (chunk: Buffer) => chunks.push(chunk)).resume();
    await closed;
    assert.equal(sha1(...chunks), sha1(pattern(bytes)), `${bytes} bytes`);
  }
});
