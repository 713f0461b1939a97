/** One socket that connects again and again. B# is oven-sh/bun, D# is denoland/deno. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { pairOf } from '../../kit/our-pair.js';
import { textOf } from '../../kit/outcomes.js';
import { peer } from '../../kit/peer.js';
import { row, type Scope, type Socket } from '../../kit/row.js';
import { event, logOf, turns, until } from '../../kit/wait.js';

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

// B#7325, B#10781
row('one socket connects, writes and ends, ten times over', async (s) => {
  const texts: Promise<string>[] = [];
  const port = await s.port(s.server((socket) => void texts.push(textOf(socket))));
  const socket = s.own(new s.net.Socket());
  for (let i = 0; i < 10; i++) {
    socket.connect(port, '127.0.0.1');
    await event(socket, 'connect');
    socket.end(`round ${i}`);
    socket.resume();
    await event(socket, 'close');
  }
  const expected = Array.from({ length: 10 }, (_, i) => `round ${i}`);
  assert.deepEqual(await Promise.all(texts), expected);
});

// B#33886
row('a local port whose earlier connections are in TIME_WAIT can be used', async (s) => {
  const first = s.server((socket) => socket.end('x'));
  const localPort = await s.port(first);
  for (let i = 0; i < 4; i++) {
    await textOf(s.connect(localPort, '127.0.0.1'));
  }
  first.close();
  await event(first, 'close');
  const port = await s.port(s.server((socket) => socket.end()));
  const socket = s.connect({ port, host: '127.0.0.1', localPort });
  await event(socket, 'connect');
  assert.equal(socket.localPort, localPort);
  socket.resetAndDestroy();
});

// B socket-reconnect-live.test.ts
row('connect on a socket that is connected ends in connect or in an error', async (s) => {
  const { client, port } = await pairOf(s, (socket) => socket.on('error', () => {}));
  const log = logOf(client, 'connect', 'error');
  client.connect(port, '127.0.0.1');
  await until(() => log.length > 0, 'connect or error');
  client.destroy();
});

// B socket-reconnect-live.test.ts; node:net says EALREADY, Bun and we take the second one
row('a second connect takes the place of one that is under way', async (s) => {
  const port = await s.port(s.server((socket) => void socket.resume()));
  const other = await s.port(s.server((socket) => socket.end('second')));
  for (const wait of [false, true]) {
    const socket = s.connect(port, '127.0.0.1');
    if (wait) await event(socket, 'connectionAttempt');
    const log = logOf(socket, 'connect', 'error');
    socket.connect(other, '127.0.0.1');
    assert.equal(await textOf(socket), 'second');
    assert.deepEqual(log, ['connect']);
  }
});

// One of Node's own tests, in our words.
row('a socket that connects again has the ports of its new connection', async (s) => {
  const remotePorts: unknown[] = [];
  const server = s.server((socket) => {
    remotePorts.push(socket.remotePort);
    socket.end();
  });
  const other = s.server((socket) => socket.end());
  const [port, otherPort] = [await s.port(server), await s.port(other)];
  const client = s.own(new s.net.Socket());
  const localPorts: unknown[] = [];
  for (let i = 0; i < 3; i++) {
    client.connect(port, '127.0.0.1', () => localPorts.push(client.localPort));
    client.resume();
    await event(client, 'close');
    assert.equal(client.remotePort, undefined, 'closed');
  }
  assert.deepEqual(localPorts, remotePorts);
  assert.equal(new Set(localPorts).size, 3);
  client.connect(otherPort, '127.0.0.1');
  await event(client, 'connect');
  assert.equal(client.remotePort, otherPort);
});

// nodejs/node#60456
row('one socket connected over and over keeps its number of listeners', async (s) => {
  const there = await peer.listen({ host: '127.0.0.1' });
  const socket = s.own(new s.net.Socket()).on('error', () => {});
  const counts = (): string =>
    socket
      .eventNames()
      .map((name) => `${String(name)} ${socket.listenerCount(name)}`)
      .join(', ');
  let first = '';
  for (let i = 0; i < 30; i++) {
    socket.connect(i % 3 === 2 ? 1 : there.port, '127.0.0.1');
    // Some are given up before they stand.
    if (i % 3 === 1) socket.destroy();
    else if (i % 3 === 0) {
      await event(socket, 'connect');
      socket.destroy();
    }
    await event(socket, 'close');
    if (i === 2) first = counts();
  }
  assert.equal(counts(), first);
});
