/** The stream options of a socket: `highWaterMark`, `objectMode`. */
import assert from 'node:assert/strict';
import { getDefaultHighWaterMark } from 'node:stream';
import { loose } from '../../kit/bad-arguments.js';
import { pairOf } from '../../kit/our-pair.js';
import { row } from '../../kit/row.js';

// One of Node's own tests, in our words.
row('without options a socket buffers 64 KiB, or what the program set for streams', async (s) => {
  const streams = getDefaultHighWaterMark(false);
  const mark = streams === 16_384 ? 65_536 : streams;
  const { client, accepted, server } = await pairOf(s);
  for (const socket of [client, accepted, s.own(new s.net.Socket())]) {
    assert.equal(socket.readableHighWaterMark, mark);
    assert.equal(socket.writableHighWaterMark, mark);
  }
  assert.equal(Reflect.get(server, 'highWaterMark'), mark);
});

// One of Node's own tests, in our words.
row('a socket refuses objectMode, of one side as of both', ({ net }) => {
  for (const name of ['objectMode', 'readableObjectMode', 'writableObjectMode']) {
    assert.throws(() => new net.Socket(loose({ [name]: true })), {
      code: 'ERR_INVALID_ARG_VALUE',
    });
  }
});
