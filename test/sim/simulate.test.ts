/** `barewire/testing`: what users rely on. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type SimulateOptions, type Simulation, simulate } from 'barewire/testing';
import { World } from '#internal/sys/sim/world';
import { compiled, run } from '../kit/program.js';

const HOSTS = { hosts: ['client', 'server'] };

/** An echo server on `server`, and one client that gets 100 kB back; returns the fingerprint. */
async function echo({ hosts, world }: Simulation): Promise<string> {
  const server = hosts['server']?.net.createServer((socket) => socket.pipe(socket));
  const net = hosts['client']?.net;
  assert(server && net);
  server.listen(8124);
  await once(server, 'listening');
  const client = net.connect({ port: 8124, host: 'server' });
  const bytes = Buffer.alloc(100_000, 'barewire');
  client.end(bytes);
  const chunks: Buffer[] = [];
  for await (const chunk of client) chunks.push(chunk as Buffer);
  assert(Buffer.concat(chunks).equals(bytes));
  server.close();
  await once(server, 'close');
  assert.deepEqual(world.leaks(), []);
  return world.fingerprint;
}

test('a server and a client on two hosts', async () => {
  await simulate(HOSTS, echo);
});

test('the same seed gives the same run, another seed another one', async () => {
  const options: SimulateOptions = { ...HOSTS, seed: 5, faults: { shortWrites: 0.2 } };
  const first = await simulate(options, echo);
  assert.equal(await simulate(options, echo), first);
  assert.notEqual(await simulate({ ...options, seed: 6 }, echo), first);
});

test('an hour of idling passes in virtual time', async () => {
  const started = process.hrtime.bigint();
  await simulate(HOSTS, async ({ hosts, clock }) => {
    const server = hosts['server']?.net.createServer().listen(1);
    const socket = hosts['client']?.net.connect(1, 'server');
    assert(socket && server);
    const timedOut = once(socket, 'timeout');
    socket.setTimeout(3_600_000);
    await timedOut;
    assert(clock.now() >= 3_600_000 && clock.now() < 3_600_100, String(clock.now()));
    assert.equal(clock.date().getUTCHours(), 1);
    socket.destroy();
    server.close();
  });
  assert(process.hrtime.bigint() - started < 5_000_000_000n);
});

test('timers, dates and random numbers inside are virtual, and real again afterwards', async () => {
  const before = [globalThis.setTimeout, Date, Math.random, performance.now];
  const values = async (): Promise<unknown[]> => {
    const order: unknown[] = [Date.now(), new Date().toISOString(), performance.now()];
    setTimeout(() => order.push('timeout'), 5);
    setImmediate(() => order.push('immediate'));
    const interval = setInterval(() => order.push('interval'), 2);
    await sleep(5.5);
    clearInterval(interval);
    await new Promise((resolve) => setTimeout(resolve, 10));
    return [...order, Math.random(), Math.round(performance.now())];
  };
  const first = await simulate({ seed: 1 }, values);
  assert.deepEqual(first.slice(0, 7), [
    Date.UTC(2026, 0, 1),
    '2026-01-01T00:00:00.000Z',
    0,
    'immediate',
    'interval',
    'interval',
    'timeout',
  ]);
  assert.deepEqual(await simulate({ seed: 1 }, values), first);
  assert.deepEqual([globalThis.setTimeout, Date, Math.random, performance.now], before);
});

test('a partition delays what is sent until it heals', async () => {
  await simulate(HOSTS, async ({ hosts, clock, world }) => {
    const server = hosts['server']?.net.createServer((socket) => socket.resume()).listen(1);
    assert(server);
    const got = once(server, 'connection');
    const socket = hosts['client']?.net.connect(1, 'server');
    assert(socket);
    await once(socket, 'connect');
    const [peer] = (await got) as [NodeJS.ReadableStream];
    world.partition('client', 'server');
    socket.end('late');
    const data = once(peer, 'data');
    await clock.sleep(60_000);
    world.heal();
    assert.equal(String(await data), 'late');
    assert(clock.now() >= 60_000);
    server.close();
  });
});

test('calls fail as asked, and resets arrive', async () => {
  await simulate(HOSTS, async ({ hosts, world }) => {
    const net = hosts['client']?.net;
    assert(net);
    world.fail('socket', 'EMFILE', { host: 'client' });
    const [error] = (await once(net.connect(1, '127.0.0.1'), 'error')) as [NodeJS.ErrnoException];
    assert.equal(error.code, 'EMFILE');
    const server = hosts['server']?.net.createServer((socket) => socket.on('error', () => {}));
    const socket = net.connect(1, 'server');
    server?.listen(1);
    await once(socket, 'connect');
    assert.equal(world.reset('client', 'server'), 1);
    const [reset] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
    assert.equal(reset.code, 'ECONNRESET');
    server?.close();
  });
});

/** A client that says a word each second for a minute, and connects anew whenever it has to. */
async function chat({ hosts, clock, world }: Simulation): Promise<string> {
  const server = hosts['server']?.net.createServer((socket) => {
    socket.on('error', () => {});
    socket.pipe(socket);
  });
  const net = hosts['client']?.net;
  assert(server && net);
  server.listen(1);
  let socket = net.connect(1, 'server');
  for (let i = 0; i < 60; i++) {
    if (socket.destroyed) socket = net.connect(1, 'server');
    if (socket.listenerCount('error') === 0) socket.on('error', () => {}).resume();
    socket.write('word');
    await clock.sleep(1000);
  }
  const { fingerprint } = world;
  world.calm();
  socket.destroy();
  server.close();
  await once(server, 'close');
  assert.deepEqual(world.leaks(), []);
  return fingerprint;
}

test('resets, partitions and slow links can be left to the seed', async () => {
  const faults = { resets: 0.2, partitions: 0.2, slowLinks: 0.2 };
  const counts = new Map<string, number>();
  const count = async (simulation: Simulation): Promise<string> => {
    const fingerprint = await chat(simulation);
    for (const [what, times] of simulation.world.faultCounts) {
      counts.set(what, (counts.get(what) ?? 0) + times);
    }
    return fingerprint;
  };
  const prints: string[] = [];
  for (const seed of [1, 2, 2]) prints.push(await simulate({ ...HOSTS, seed, faults }, count));
  assert.deepEqual([...counts.keys()].sort(), ['partition', 'reset', 'slow link']);
  // A minute with one of each kind in five seconds, three times; resets only where there is one.
  for (const [what, times] of counts) assert(times > 3 && times < 90, `${times} times ${what}`);
  assert.equal(prints[1], prints[2]);
  assert.notEqual(prints[0], prints[1]);
  const none = await simulate({ ...HOSTS, seed: 2 }, async (simulation) => {
    await chat(simulation);
    return simulation.world.faultCount;
  });
  assert.equal(none, 0);
});

test('trouble on the network does not hide that a program hangs', async () => {
  const stuck = simulate({ faults: { resets: 1, partitions: 1 } }, async ({ clock }) => {
    await clock.sleep(60_000);
    await new Promise(() => {});
  });
  await assert.rejects(stuck, /nothing is left that could happen/);
});

test('buffers can be of any size', async () => {
  const bytes = Buffer.alloc(5000, 'barewire');
  for (const size of [1, 7, 4096]) {
    const hosts = ['client', 'server'].map((name) => ({
      name,
      sendBytes: size,
      receiveBytes: size,
    }));
    await simulate({ hosts, trace: true }, async ({ hosts: { client, server }, world }) => {
      assert(client && server);
      const listening = server.net.createServer((socket) => socket.pipe(socket)).listen(1);
      await once(listening, 'listening');
      const socket = client.net.connect(1, 'server');
      socket.end(bytes);
      const chunks: Buffer[] = [];
      for await (const chunk of socket) chunks.push(chunk as Buffer);
      assert(Buffer.concat(chunks).equals(bytes));
      const writes = world.traceLines.flatMap(
        (line) => / write \d+ = (\d+)$/.exec(line)?.[1] ?? [],
      );
      assert(writes.length > 0 && writes.every((count) => Number(count) <= size), `${size}`);
      listening.close();
    });
  }
  assert.throws(() => new World({ seed: 1 }).addMachine({ name: 'a', sendBytes: 0 }), /0 bytes/);
});

test('names are looked up inside', async () => {
  await simulate({ hosts: [{ name: 'db', addresses: ['192.168.7.7'] }] }, async ({ net }) => {
    const server = net.createServer().listen(5432, 'db');
    await once(server, 'listening');
    const socket = net.connect(5432, 'db');
    await once(socket, 'connect');
    assert.equal(socket.remoteAddress, '192.168.7.7');
    socket.destroy();
    const missing = net.connect(5432, 'nowhere');
    const [error] = (await once(missing, 'error')) as [NodeJS.ErrnoException];
    assert.equal(error.code, 'ENOTFOUND');
    server.close();
  });
});

test('waiting for what can not happen is an error that names the seed', async () => {
  const stuck = simulate({ seed: 'stuck', trace: true }, () => new Promise(() => {}));
  await assert.rejects(stuck, (error: Error & { simulation?: { seed: string } }) => {
    assert.match(error.message, /nothing is left that could happen/);
    assert.equal(error.simulation?.seed, 'stuck');
    return true;
  });
});

test('an error that nobody catches fails the simulation', async () => {
  const thrown = simulate({}, async ({ net }) => {
    net.connect(1, '127.0.0.1');
    await new Promise(() => {});
  });
  await assert.rejects(thrown, { code: 'ECONNREFUSED' });
  const inTimer = simulate({}, async () => {
    setTimeout(() => {
      throw new Error('in a timer');
    }, 10);
    await new Promise(() => {});
  });
  await assert.rejects(inTimer, { message: 'in a timer' });
});

test('only one simulation runs at a time', async () => {
  const first = simulate({}, async ({ clock }) => clock.sleep(1));
  await assert.rejects(
    simulate({}, () => {}),
    /runs already/,
  );
  await first;
});

test('a timer from before can be cleared inside', async () => {
  let fired = false;
  const timer = setTimeout(() => {
    fired = true;
  }, 50);
  await simulate({}, () => clearTimeout(timer));
  await sleep(120);
  assert.equal(fired, false);
});

test("Node's own modules keep real timers, also where a simulation comes first", async () => {
  const args = ['--expose-gc', compiled('simulate-first')];
  const { code, stdout, stderr } = await run(process.execPath, args);
  assert.equal(code, 0, stderr);
  assert.equal(stdout, 'timeout\nworld collected\n');
});

test('callbacks without end end the simulation', async () => {
  const endless = simulate({ stepsMax: 1000 }, async () => {
    const again = (): void => void setImmediate(again);
    again();
    await new Promise(() => {});
  });
  await assert.rejects(endless, /the simulation was stopped: too many steps/);
});

test('ES modules get the same function', async () => {
  const module = (await import('barewire/testing')) as { simulate: unknown };
  assert.equal(module.simulate, simulate);
});
