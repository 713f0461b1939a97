/**
 * Where the native file can not load, the entry points give the runtime's own `net` with this
 * package's additions on it.
 */
import assert from 'node:assert/strict';
import builtin from 'node:net';
import { type TestContext, test } from 'node:test';
import net from 'barewire/node';
import { METHODS, STATICS } from '#internal/fallback/net';
import type { Ended } from '../kit/program.js';
import { AT_PLACE, projectAt } from './places.js';

/** Runs an ES module on a machine that looks like a Mac. */
function onMac(t: TestContext, program: string): Promise<Ended> {
  const here = projectAt(t, 'macOS', { 'main.mjs': program });
  return here.node([...AT_PLACE, 'main.mjs'], { BAREWIRE_UNSUPPORTED: 'silent' });
}

async function printed(t: TestContext, program: string): Promise<unknown> {
  const { stdout, stderr, code } = await onMac(t, program);
  assert.deepEqual([code, stderr], [0, '']);
  return JSON.parse(stdout);
}

const TOOLS = `
  import { once } from 'node:events';
  import { setTimeout as sleep } from 'node:timers/promises';
  const say = (value) => console.log(JSON.stringify(value));`;

test('barewire: without a host any IPv4 address, barewire/node: any at all', async (t) => {
  const seen = await printed(
    t,
    `${TOOLS}
    import manual from 'barewire';
    import node from 'barewire/node';
    const ways = {
      port: [0], options: [{ port: 0 }], nothing: [], callback: [() => {}],
      undefined: [undefined], backlog: [0, 5], named: [0, '::1'],
      namedToo: [{ port: 0, host: '::1' }],
    };
    const seen = {};
    for (const [way, args] of Object.entries(ways)) {
      for (const net of [manual, node]) {
        const server = net.createServer().listen(...args);
        await once(server, 'listening');
        (seen[way] ??= []).push(server.address().address);
        server.close();
      }
    }
    say(seen);`,
  );
  const left = ['0.0.0.0', '::'];
  assert.deepEqual(seen, {
    port: left,
    options: left,
    nothing: left,
    callback: left,
    undefined: left,
    backlog: left,
    named: ['::1', '::1'],
    namedToo: ['::1', '::1'],
  });
});

test('barewire: close directly follows the error of a failed listen, and no other', async (t) => {
  const seen = await printed(
    t,
    `${TOOLS}
    import manual from 'barewire';
    import node from 'barewire/node';
    const taken = node.createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address();
    const seen = [];
    for (const net of [manual, node]) {
      const log = [];
      const server = net.createServer();
      for (const event of ['error', 'close', 'listening']) server.on(event, () => log.push(event));
      server.listen(port, '127.0.0.1');
      await sleep(50);
      server.listen(0, '127.0.0.1');
      await sleep(50);
      server.emit('error', new Error('told by hand'));
      await sleep(50);
      server.close();
      await sleep(50);
      seen.push(log);
    }
    taken.close();
    say(seen);`,
  );
  const after = ['listening', 'error', 'close'];
  assert.deepEqual(seen, [
    ['error', 'close', ...after],
    ['error', ...after],
  ]);
});

test('barewire: Server is a class as the built-in is one', async (t) => {
  const seen = await printed(
    t,
    `${TOOLS}
    import { inherits } from 'node:util';
    import { Server, createServer } from 'barewire';
    import builtin from 'node:net';
    class Derived extends Server {}
    function Old(...args) { Server.call(this, ...args); }
    inherits(Old, Server);
    const made = [new Server(), Server(), createServer(), new Derived(), new Old(() => {})];
    say(made.map((server) => [server instanceof Server, server instanceof builtin.Server,
      server.constructor.name, typeof server.listen, server.listenerCount('connection')]));`,
  );
  assert.deepEqual(seen, [
    [true, true, 'Server', 'function', 0],
    [true, true, 'Server', 'function', 0],
    [true, true, 'Server', 'function', 0],
    [true, true, 'Derived', 'function', 0],
    [true, true, 'Old', 'function', 1],
  ]);
});

test('for await over a server, promises, and connections that come before the loop', async (t) => {
  const seen = await printed(
    t,
    `${TOOLS}
    import builtin from 'node:net';
    import { connect, connections, listen } from 'barewire/promises';
    const server = await listen({ host: '127.0.0.1' });
    const { port } = server.address();
    const early = await connect(port, '127.0.0.1');
    early.write('early');
    const gone = await connect(port, '127.0.0.1');
    gone.resetAndDestroy();
    await sleep(50);
    const seen = [];
    for await (const socket of connections(server)) {
      if (seen.length === 0) builtin.connect(port, '127.0.0.1').write('late');
      seen.push(String((await once(socket, 'data'))[0]));
      socket.destroy();
      if (seen.length === 2) break;
    }
    const unasked = await connect(port, '127.0.0.1');
    const ended = once(unasked, 'close');
    await sleep(20);
    await server.close();
    await ended;
    await connect(port, '127.0.0.1').catch((error) => seen.push(error.code));
    say(seen);`,
  );
  assert.deepEqual(seen, ['early', 'late', 'ECONNREFUSED']);
});

test('barewire/interop: HTTP, and nothing to move', async (t) => {
  const seen = await printed(
    t,
    `${TOOLS}
    import http from 'node:http';
    import builtin from 'node:net';
    import { createHttpServer, fromNodeSocket, HttpAgent, toNodeSocket } from 'barewire/interop';
    const server = createHttpServer((request, response) => {
      const { socket } = request;
      response.end(String(socket instanceof builtin.Socket));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address();
    const agent = new HttpAgent({ keepAlive: true });
    const [response] = await once(http.get({ port, host: '127.0.0.1', agent }), 'response');
    let text = '';
    for await (const chunk of response) text += chunk;
    agent.destroy();
    const socket = builtin.connect(port, '127.0.0.1');
    const code = (run) => { try { run(); } catch (error) { return error.code; } };
    const early = [code(() => toNodeSocket(socket)), code(() => fromNodeSocket(socket))];
    await once(socket, 'connect');
    const same = [toNodeSocket(socket) === socket, fromNodeSocket(socket) === socket];
    socket.destroy();
    server.close();
    say([text, early, same]);`,
  );
  assert.deepEqual(seen, ['true', ['ERR_SOCKET_CLOSED', 'ERR_INVALID_HANDLE_TYPE'], [true, true]]);
});

test('what is missed is refused by its name, and not to be seen', async (t) => {
  const seen = await printed(
    t,
    `${TOOLS}
    import builtin from 'node:net';
    const before = Object.keys(builtin.Socket.prototype).length;
    const has = (Class, name) => name in Class.prototype;
    const tos = has(builtin.Socket, 'setTypeOfService');
    const cidr = has(builtin.BlockList, 'addCIDR');
    const { BlockList, Socket } = await import('barewire/node');
    const code = (run) => { try { run(); } catch (error) { return [error.code, error.message]; } };
    const same = Object.keys(builtin.Socket.prototype).length === before;
    say([same, tos || code(() => new Socket().setTypeOfService(3)),
      cidr || code(() => new BlockList().addCIDR('10.0.0.0/8'))]);`,
  );
  const [same, service, cidr] = seen as [boolean, unknown, unknown];
  assert.equal(same, true);
  for (const [found, name] of [
    [service, 'socket.setTypeOfService()'],
    [cidr, 'blockList.addCIDR()'],
  ] as const) {
    if (found === true) continue;
    const [code, message] = found as [string, string];
    assert.equal(code, 'ERR_BAREWIRE_UNSUPPORTED');
    assert.ok(message.startsWith(name), message);
    assert.match(message, /runs on Linux only/);
  }
});

/** The functions of `holder` and what it inherits, those that are public. */
function functionsOf(holder: object | null): string[] {
  if (holder === null || holder === Object.prototype || holder === Function.prototype) return [];
  const own = Object.entries(Object.getOwnPropertyDescriptors(holder))
    .filter(([name, { value }]) => typeof value === 'function' && !name.startsWith('_'))
    .map(([name]) => name);
  return [...own, ...functionsOf(Object.getPrototypeOf(holder) as object | null)];
}

/** No method of the public surface, or none to throw for. */
const LEFT_OUT = ['closeOnAbort', 'toJSON'];

test('nothing that this Node’s net lacks is forgotten', () => {
  for (const name of ['Socket', 'Server', 'BlockList', 'SocketAddress'] as const) {
    const lacking = (ours: object, theirs: object): string[] =>
      functionsOf(ours).filter((each) => !(each in theirs) && !LEFT_OUT.includes(each));
    const methods: readonly string[] = METHODS[name];
    const missed = lacking(net[name].prototype, builtin[name].prototype);
    assert.deepEqual(
      missed.filter((each) => !methods.includes(each)),
      [],
      name,
    );
    const statics: readonly string[] = name in STATICS ? Reflect.get(STATICS, name) : [];
    assert.deepEqual(
      lacking(net[name], builtin[name]).filter((each) => !statics.includes(each)),
      [],
      name,
    );
  }
});
