/**
 * A socket as a stream of other streams: `pipe`, `pipeline`, iteration, a proxy. B# is
 * oven-sh/bun, D# is denoland/deno.
 */
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { Duplex, PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { textOf } from '../../kit/outcomes.js';
import { pattern } from '../../kit/peer-calls.js';
import { accepted } from '../../kit/peer-pair.js';
import { row } from '../../kit/row.js';
import { sha1 } from '../../kit/sha1.js';
import { within } from '../../kit/wait.js';

const LARGE = 6_000_000;

row('C060 a socket is an EventEmitter and a Duplex that pipes', async (s) => {
  const { socket, far } = await accepted(s);
  assert.ok(socket instanceof EventEmitter);
  assert.ok(socket instanceof Duplex);
  socket.pipe(new PassThrough()).pipe(socket);
  await far.fill(LARGE);
  await far.end();
  assert.equal((await far.until({ ended: true })).sha1, sha1(pattern(LARGE)));
});

row('C060 pipeline works', async (s) => {
  const { socket, far } = await accepted(s, { allowHalfOpen: true }, { allowHalfOpen: true });
  const done = pipeline(socket, new PassThrough(), socket);
  await far.end('through a pipeline');
  assert.equal((await far.until({ ended: true })).text, 'through a pipeline');
  await within(done, 'the pipeline');
});

row('C060 async iteration gives everything up to the end', async (s) => {
  const { socket, far } = await accepted(s);
  await far.fill(LARGE);
  await far.end();
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  assert.equal(sha1(...chunks), sha1(pattern(LARGE)));
});

// B#34285: a proxy that listens for 'data' only once its own connection stands
row('a proxy that begins to read late passes everything on', async (s) => {
  const bytes = 4_000_000;
  let got = 0;
  const target = await s.port(
    s.server((socket) => {
      socket.on('data', (chunk: Buffer) => {
        got += chunk.length;
        if (got === bytes) socket.end('all');
      });
    }),
  );
  const proxy = s.server((near) => {
    const far = s.connect(target, '127.0.0.1', () => {
      near.pipe(far);
      far.pipe(near);
    });
  });
  const client = s.connect(await s.port(proxy), '127.0.0.1');
  client.write(Buffer.alloc(bytes));
  assert.equal(await textOf(client), 'all');
});
