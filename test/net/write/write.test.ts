/** `write`: encodings, callbacks, `'drain'`, `bufferSize`, and writes before the connection. */
import assert from 'node:assert/strict';
import { peer } from '../../kit/peer.js';
import { accepted, connected, fillUp } from '../../kit/peer-pair.js';
import { row, type Socket } from '../../kit/row.js';
import { event, logOf, turns, until, within } from '../../kit/wait.js';

const LARGE = 6_000_000;

row('C063 bufferSize grows while the peer does not read, and is 0 when flushed', async (s) => {
  const { socket, far } = await connected(s, { pauseOnConnect: true });
  const size = (): number => (socket as Socket & { bufferSize: number }).bufferSize;
  assert.equal(size(), 0);
  fillUp(socket);
  const full = size();
  assert.ok(full > 0);
  socket.write(Buffer.alloc(100_000));
  assert.equal(size(), full + 100_000);
  const drained = event(socket, 'drain');
  await far.resume();
  await drained;
  assert.equal(size(), 0);
});

row('C065 write takes the encodings of Buffer, UTF-8 by default', async (s) => {
  const { socket, far } = await accepted(s);
  const called: unknown[] = [];
  const expected = ['€', 'ff00', 'ä', 'aGk=', 'x', 'é'].map((text, i) =>
    Buffer.from(text, (['utf8', 'hex', 'latin1', 'base64', 'utf16le', 'utf8'] as const)[i]),
  );
  socket.write('€');
  socket.write('ff00', 'hex');
  socket.write('ä', 'latin1', (error) => called.push(error ?? null));
  socket.write('aGk=', 'base64');
  socket.write('x', 'utf16le');
  socket.write('é', (error) => called.push(error ?? null));
  socket.write(new Uint8Array([1, 2, 3]));
  const all = Buffer.concat([...expected, Buffer.from([1, 2, 3])]);
  assert.equal((await far.until({ bytes: all.length })).text, all.toString('latin1'));
  assert.deepEqual(called, [null, null]);
});

row('C066 write returns false past the limit, and drain follows each false', async (s) => {
  const { socket, far } = await connected(s, { pauseOnConnect: true });
  const log = logOf(socket, 'drain');
  assert.equal(socket.write('a little'), true);
  for (let round = 0; round < 3; round++) {
    await far.pause();
    const bytes = fillUp(socket);
    assert.ok(bytes > socket.writableHighWaterMark, 'what the kernel takes is not queued');
    assert.ok(socket.writableLength >= socket.writableHighWaterMark);
    await turns();
    assert.equal(log.length, round);
    const drained = event(socket, 'drain');
    await far.resume();
    await drained;
    assert.equal(socket.write('a little'), true);
  }
  assert.equal(log.length, 3);
});

row('C067 the callback runs when the data is written out, and not before', async (s) => {
  const { socket, far } = await connected(s, { pauseOnConnect: true });
  const log: string[] = [];
  socket.write('first', () => log.push('first'));
  await until(() => log.length === 1, 'the first callback');
  socket.write(Buffer.alloc(LARGE), (error) => log.push(`large ${error ?? ''}`));
  socket.write('last', (error) => log.push(`last ${error ?? ''}`));
  await turns(20);
  assert.deepEqual(log, ['first']);
  await far.resume();
  await far.until({ bytes: LARGE + 9 });
  await until(() => log.length === 3, 'the callbacks');
  assert.deepEqual(log, ['first', 'large ', 'last ']);
});

row('C067 the callback gets the error where the data never will be written', async (s) => {
  for (const how of ['reset', 'destroy'] as const) {
    const { socket, far } = await connected(s, { pauseOnConnect: true });
    socket.on('error', () => {});
    const failures: Promise<unknown>[] = [Buffer.alloc(LARGE), Buffer.from('behind it')].map(
      (data) => new Promise((resolve) => socket.write(data, resolve)),
    );
    if (how === 'reset') await far.reset();
    else socket.destroy();
    for (const failure of failures) {
      assert.ok((await within(failure, `the callback after ${how}`)) instanceof Error);
    }
  }
});

row('C068 writes before connect are sent after it, in order', async (s) => {
  const there = await peer.listen();
  const socket = s.connect(there.port, '127.0.0.1');
  const log: string[] = [];
  assert.equal(
    socket.write('one ', () => log.push('one')),
    true,
  );
  socket.write('two ');
  socket.write(Buffer.alloc(1_000_000, 'x'), () => log.push('large'));
  socket.once('connect', () => {
    log.push('connect');
    socket.write(' three');
  });
  assert.equal(socket.connecting, true);
  const far = await there.accept();
  const { text } = await far.until({ bytes: 1_000_014 });
  assert.ok(text.startsWith('one two xxx'));
  await until(() => log.length === 3, 'the callbacks');
  assert.deepEqual(log, ['connect', 'one', 'large']);
});

row('C068 what a program writes before connect arrives in order', async (s) => {
  const there = await peer.listen();
  const socket = s.connect(there.port, '127.0.0.1');
  for (let i = 0; i < 1000; i++) socket.write(`${i};`);
  socket.end('end');
  const { text } = await (await there.accept()).until({ ended: true });
  assert.equal(text, `${Array.from({ length: 1000 }, (_, i) => i).join(';')};end`);
});

row('C084 drain comes when the write buffer is empty', async (s) => {
  const { socket, far } = await connected(s, { pauseOnConnect: true });
  const lengths: number[] = [];
  socket.on('drain', () => lengths.push(socket.writableLength));
  fillUp(socket);
  socket.write(Buffer.alloc(LARGE));
  await turns();
  assert.deepEqual(lengths, []);
  await far.resume();
  await until(() => lengths.length > 0, 'drain');
  assert.deepEqual(lengths, [0]);
});
