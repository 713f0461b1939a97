/** One socket that connects again and again. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { peer } from '../contract/kit/peer.js';
import { row, type Scope, type Socket } from '../contract/kit/row.js';
import { event, turns, until } from '../contract/kit/wait.js';

const TIMES = 3;

interface Case {
  /** Where the reader begins to listen for `'readable'`. */
  readonly listens?: 'connect';
  /** How it gets back: as soon as it is closed, or later. */
  readonly later?: boolean;
  readonly path?: boolean;
  /** The reader destroys the connection, and does not wait for its end. */
  readonly destroys?: boolean;
  /** The first `connect` fails. */
  readonly failsFirst?: boolean;
  readonly paused?: boolean;
}

const CASES: Readonly<Record<string, Case>> = {
  'in close': {},
  'in close, to a path': { path: true },
  later: { later: true },
  'listening from connect on': { listens: 'connect' },
  'after destroy': { destroys: true },
  'after a connect that failed': { failsFirst: true },
  'while paused, which a reader by readable is not': { paused: true },
};

/** Connects until it has read `TIMES` greetings, by `'readable'` alone. */
async function readGreetings(s: Scope, how: Case): Promise<string[]> {
  let greetings = 0;
  const server = s.server((far) => far.on('error', () => {}).end(`hello ${++greetings}`));
  const path = join(s.folder(), 's');
  if (how.path === true) await event(server.listen(path), 'listening');
  const to = how.path === true ? { path } : { port: await s.port(server), host: '127.0.0.1' };
  const socket: Socket = s.own(new s.net.Socket()).on('error', () => {});
  const texts: string[] = [];
  const read = (): void => {
    for (let chunk = socket.read(); chunk !== null; chunk = socket.read()) texts.push(`${chunk}`);
    if (how.destroys === true && texts.length < TIMES) socket.destroy();
  };
  if (how.listens === 'connect') socket.once('connect', () => socket.on('readable', read));
  else socket.on('readable', read);
  if (how.paused === true) socket.pause();
  socket.on('close', () => {
    if (texts.length === TIMES) return;
    if (how.later === true) setTimeout(() => socket.connect(to), 20);
    else socket.connect(to);
  });
  socket.connect(how.failsFirst === true ? { port: 1, host: '127.0.0.1' } : to);
  await until(
    () => texts.length === TIMES,
    () => `${TIMES} greetings; there were ${texts}`,
  );
  return texts;
}

// nodejs/node#25969
row('a reader by readable that connects again is read again', async (s) => {
  for (const [name, how] of Object.entries(CASES)) {
    assert.deepEqual(await readGreetings(s, how), ['hello 1', 'hello 2', 'hello 3'], name);
  }
});

row('a paused socket that connects again is not read, until it is resumed', async (s) => {
  const there = await peer.listen({ host: '127.0.0.1' });
  const socket = s.own(new s.net.Socket());
  let text = '';
  socket.on('data', (data) => {
    text += data;
  });
  for (const word of ['one', 'two']) {
    socket.connect(there.port, '127.0.0.1').pause();
    await event(socket, 'connect');
    const far = await there.accept();
    await far.write(word);
    await turns(20);
    assert.equal(text, '');
    socket.resume();
    await until(() => text === word, word);
    text = '';
    await event(socket.destroy(), 'close');
  }
});
