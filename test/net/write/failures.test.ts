/** Writes that fail, and what can not be written. B# is oven-sh/bun, D# is denoland/deno. */
import assert from 'node:assert/strict';
import { loose } from '../../kit/bad-arguments.js';
import { pairOf } from '../../kit/our-pair.js';
import { thrownBy } from '../../kit/outcomes.js';
import { row } from '../../kit/row.js';
import { event } from '../../kit/wait.js';

// B#43250, B#41835
row('destroy tells the write that was under way, and those behind it, of an error', async (s) => {
  const { client, accepted } = await pairOf(s, { pauseOnConnect: true });
  const log: string[] = [];
  client.write(Buffer.alloc(8_000_000), (error) => log.push(`first ${error?.name}`));
  client.write('behind', (error) => log.push(`second ${error?.name}`));
  client.on('close', () => log.push('close'));
  client.destroy();
  await event(client, 'close');
  assert.deepEqual(log, ['first Error', 'second Error', 'close']);
  accepted.destroy();
});

// B node-net.test.ts "a write after the peer reset the connection fails"
row('writing on and on to a peer that is gone ends in an error of the system', async (s) => {
  const { client, accepted } = await pairOf(s, {}, { allowHalfOpen: true });
  accepted.resetAndDestroy();
  const codes: unknown[] = [];
  client.on('error', (error: NodeJS.ErrnoException) => codes.push(error.code));
  const timer = setInterval(() => client.write('x'), 1);
  s.defer(() => clearInterval(timer));
  await event(client, 'close');
  assert.equal(codes.length, 1);
  assert.match(String(codes[0]), /^(EPIPE|ECONNRESET)$/);
});

// One of Node's own tests, in our words.
row('write throws at once on what can not be written, null in words of its own', (s) => {
  const socket = s.own(new s.net.Socket({ highWaterMark: 0 }));
  const isNull = thrownBy(() => socket.write(loose<string>(null)));
  assert.equal(isNull?.code, 'ERR_STREAM_NULL_VALUES');
  for (const value of [true, undefined, 1, Number.NaN, [], {}, Symbol('s')]) {
    const error = thrownBy(() => socket.write(loose<string>(value)));
    assert.equal(error?.code, 'ERR_INVALID_ARG_TYPE', String(value));
    assert.ok(error instanceof TypeError);
  }
});
