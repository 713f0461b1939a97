/** FIN from either end first, with and without allowHalfOpen. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'barewire';
import { FAMILIES } from '../../kit/echo.js';
import { closing, makePair, readAll, startServer } from '../../kit/pairs.js';
import { test } from '../../kit/test.js';

function record(socket: Socket): string[] {
  const log: string[] = [];
  for (const event of ['connect', 'end', 'finish', 'error']) {
    socket.on(event, () => log.push(event));
  }
  socket.on('data', (chunk: Buffer) => log.push(`data ${chunk}`));
  socket.on('close', (hadError: boolean) => log.push(`close ${hadError}`));
  return log;
}

for (const family of FAMILIES) {
  test(`with allowHalfOpen a ${family} socket writes on after the peer's FIN`, async (scope) => {
    const { ours, peer } = await makePair(scope, { allowHalfOpen: true }, family);
    const log = record(ours);
    const closed = closing(ours);
    peer.end('last words');
    await once(ours, 'end');
    assert.equal(ours.writable, true);
    assert.equal(ours.readyState, 'writeOnly');
    const answer = readAll(peer);
    ours.write('an answer, ');
    setTimeout(() => ours.end('and more'), 20);
    assert.equal(String(await answer), 'an answer, and more');
    await closed;
    assert.deepEqual(log, ['data last words', 'end', 'finish', 'close false']);
  });

  test(`a ${family} socket reads on after its own FIN, with allowHalfOpen`, async (scope) => {
    const { ours, peer } = await makePair(scope, { allowHalfOpen: true }, family);
    const log = record(ours);
    const closed = closing(ours);
    const received = readAll(peer);
    ours.end('question');
    assert.equal(String(await received), 'question');
    peer.write('slow ');
    await once(ours, 'data');
    assert.equal(ours.readyState, 'readOnly');
    peer.end('answer');
    await closed;
    assert.deepEqual(log, ['finish', 'data slow ', 'data answer', 'end', 'close false']);
  });

  test(`without allowHalfOpen the peer's FIN ends a ${family} socket`, async (scope) => {
    const { ours, peer } = await makePair(scope, {}, family);
    const log = record(ours);
    const closed = closing(ours);
    ours.on('end', () => ours.write('from the end handler'));
    const answer = readAll(peer);
    peer.end('bye');
    assert.equal(String(await answer), 'from the end handler');
    await closed;
    assert.deepEqual(log, ['data bye', 'end', 'finish', 'close false']);
  });

  test(`without allowHalfOpen a ${family} socket reads on after its own FIN`, async (scope) => {
    const { ours, peer } = await makePair(scope, {}, family);
    const log = record(ours);
    const closed = closing(ours);
    ours.end('first');
    assert.equal(String(await readAll(peer)), 'first');
    peer.write('still here ');
    await once(ours, 'data');
    peer.end('done');
    await closed;
    assert.deepEqual(log, ['finish', 'data still here ', 'data done', 'end', 'close false']);
  });

  test(`what is written before a ${family} connection stands arrives in order`, async (scope) => {
    const texts: string[] = [];
    const to = await startServer(scope, {}, (socket) => socket.pipe(socket), family);
    const socket: Socket = connect(to);
    const log = record(socket);
    const closed = closing(socket);
    const done: number[] = [];
    socket.setEncoding('utf8').on('data', (chunk: Buffer) => texts.push(String(chunk)));
    for (let i = 0; i < 5; i++) socket.write(`${i} `, () => done.push(i));
    assert.equal(socket.connecting, true);
    assert.equal(socket.pending, true);
    assert.equal(socket.bytesWritten, 10);
    socket.end('end');
    await closed;
    assert.equal(texts.join(''), '0 1 2 3 4 end');
    assert.deepEqual(done, [0, 1, 2, 3, 4]);
    assert.equal(log[0], 'connect');
    assert.equal(socket.bytesWritten, 13);
    assert.equal(log.at(-1), 'close false');
  });
}
