/** Connecting: what Bun and Deno got wrong once. */
import assert from 'node:assert/strict';
import { networkInterfaces } from 'node:os';
import { inherits } from 'node:util';
import type { Lookup } from '#internal/dial/target';
import { errorOf, loose, pairOf, textOf } from '../conformance/kit.js';
import { reservedPort } from '../contract/kit/port.js';
import { script } from '../contract/kit/program.js';
import { row, type Socket } from '../contract/kit/row.js';
import { delay, event, logOf, turns, until } from '../contract/kit/wait.js';

function answering(...addresses: string[]): Lookup {
  const found = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  return (_host, options, callback) => {
    if (options.all) callback(null, found);
    else callback(null, addresses[0] ?? '', found[0]?.family);
  };
}

// B net-connect-lookup.test.ts
row('a lookup whose answer is no text is ERR_INVALID_IP_ADDRESS', async (s) => {
  for (const family of [4, 6]) {
    const lookup: Lookup = (_host, _options, callback) => {
      callback(null, loose<string>(['127.0.0.1']), family);
    };
    const socket = s.connect({ port: 80, host: 'a.example', family, lookup });
    assert.equal((await errorOf(socket)).code, 'ERR_INVALID_IP_ADDRESS');
  }
});

// B net-connect-lookup.test.ts
row('a lookup of one’s own decides where to, whatever the name', async (s) => {
  const port = await s.port(s.server((socket) => socket.end('here')));
  const lookup = answering('127.0.0.1');
  for (const family of [0, 4]) {
    const socket = s.connect({ port, host: 'not-there.invalid', family, lookup });
    assert.equal(await textOf(socket), 'here');
  }
});

// B#30699
row('a local port goes with a name that has addresses of both families', async (s) => {
  const port = await s.port(s.server((socket) => socket.on('error', () => {}).end()));
  for (const addresses of [
    ['::1', '127.0.0.1'],
    ['127.0.0.1', '::1'],
  ]) {
    const localPort = reservedPort(s);
    const lookup: Lookup = (...asked) => setImmediate(answering(...addresses), ...asked);
    const socket = s.connect({ port, host: 'both.example', localPort, lookup });
    const attempts: string[] = [];
    socket.on('connectionAttempt', (address) => attempts.push(address));
    await event(socket, 'connect');
    assert.equal(socket.localPort, localPort);
    // What can not be bound is not attempted.
    assert.equal(attempts[0], addresses[0]);
    socket.resetAndDestroy();
  }
});

// B#25633, B#32660
row('addresses that fail at once, each of them, give one error of all', async (s) => {
  const lookup = answering('240.0.0.1', '255.255.255.255', '::ffff:255.255.255.255');
  const options = { port: 9, host: 'none.example', lookup, autoSelectFamilyAttemptTimeout: 20 };
  const socket = s.connect(options);
  const log = logOf(socket, 'error', 'close', 'connect', 'timeout');
  socket.setTimeout(500, () => socket.destroy());
  const failed = new Promise<unknown>((resolve) => socket.once('error', resolve));
  await event(socket, 'close');
  await delay(60);
  if (!log.includes('timeout')) {
    assert.deepEqual(log, ['error', 'close']);
    assert.ok((await failed) instanceof AggregateError);
  }
});

// B#25633
row('destroy while an address is tried leaves no timer that acts on it', async (s) => {
  const lookup = answering('192.0.2.1', '192.0.2.2', '127.0.0.1');
  for (let i = 0; i < 5; i++) {
    const options = { port: 9, host: 'slow.example', lookup, autoSelectFamilyAttemptTimeout: 10 };
    const socket = s.connect(options).on('error', () => {});
    const attempts = logOf(socket, 'connectionAttempt');
    await turns(1);
    socket.destroy();
    const before = attempts.length;
    await delay(40);
    assert.equal(attempts.length, before);
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

// B#13126
row('a signal’s reason is the cause of the error, aborted before or later', async (s) => {
  for (const signal of [AbortSignal.abort(new Error('why')), AbortSignal.timeout(20)]) {
    const lookup: Lookup = () => {};
    const socket = s.connect({ port: 1, host: 'never.example', lookup, signal });
    const error = await errorOf(socket);
    assert.deepEqual([error.name, error.code], ['AbortError', 'ABORT_ERR']);
    assert.equal(error.cause, signal.reason);
  }
});

const loopback = Object.entries(networkInterfaces()).find(([, addresses]) =>
  addresses?.some(({ address }) => address === '::1'),
)?.[0];

// B node-net.test.ts "IPv6 scoped address literals"
row('an address with the zone of an interface connects, and can be listened on', async (s) => {
  if (loopback === undefined) return;
  const host = `::1%${loopback}`;
  assert.equal(s.net.isIP(host), 6);
  const server = s.server((socket) => socket.end('zone')).listen(0, host);
  await event(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  assert.equal(address.family, 'IPv6');
  assert.equal(await textOf(s.connect(address.port, host)), 'zone');
});

// B node-net.test.ts "an unknown zone … instead of hanging"
row('an address with a zone that is none ends in an event, one way or the other', async (s) => {
  const server = s.server().listen(0, '::1');
  await event(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const socket = s.connect({ port: address.port, host: '::1%nosuchif0' });
  const log = logOf(socket, 'connect', 'error');
  await until(() => log.length > 0, 'connect or error');
});

// B#13292, B node-net.test.ts "Socket has a prototype"
row('a class of the old kind can inherit from Socket', async (s) => {
  const port = await s.port(s.server((socket) => socket.end('old')));
  const Base = s.net.Socket as unknown as (this: unknown, options?: object) => void;
  function Connection(this: { ready?: boolean }): void {
    Base.call(this, {});
    this.ready = true;
  }
  inherits(Connection, s.net.Socket);
  const Made = Connection as unknown as new () => Socket;
  const socket = s.own(new Made());
  assert.ok(socket instanceof s.net.Socket);
  assert.equal(Reflect.get(socket, 'ready'), true);
  socket.connect(port, '127.0.0.1');
  assert.equal(await textOf(socket), 'old');
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

// B#31155: what counts is what is active, as in libuv
row('a paused socket does not keep the process alive, and one that reads does', async (s) => {
  const port = await s.port(s.server({ pauseOnConnect: true }));
  const text = (what: string): string => `
    const socket = net.connect(${port}, '127.0.0.1', () => {
      console.log('connected');
      ${what}
    });
    process.on('exit', () => console.log('exit'));
  `;
  const paused = script(s, s.profile, text('socket.pause();'));
  assert.equal(await paused.exit(), 0, paused.output);
  const reading = script(s, s.profile, text('socket.resume();'));
  await reading.printed(/connected/);
  await delay(150);
  assert.equal(reading.output, 'connected\n');
});

// D net_test.ts "net.connect().unref() works"
row('unref in the connect handler lets the program end before the answer', async (s) => {
  const port = await s.port(s.server({ pauseOnConnect: true }));
  const program = script(
    s,
    s.profile,
    `const socket = net.connect(${port}, '127.0.0.1', () => {
       socket.unref();
       socket.on('data', () => console.log('data'));
       socket.write('request');
     });`,
  );
  assert.equal(await program.exit(), 0);
  assert.equal(program.output, '');
});

// B#13184, B#13411
row('the program ends once the server has ended its connections, or after destroy', async (s) => {
  const port = await s.port(s.server((socket) => socket.on('error', () => {}).end('bye')));
  for (const then of ["socket.on('data', () => {});", 'socket.destroy();']) {
    const text = `const socket = net.connect(${port}, '127.0.0.1', () => { ${then} });`;
    const program = script(s, s.profile, text);
    assert.equal(await program.exit(), 0, then);
  }
});
