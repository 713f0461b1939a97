/**
 * A patch or mock that a test set-up puts on `net` holds for all of the network, as it does without
 * the hook: each program runs on the built-in and under the hook, and must print the same.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Project } from './project.js';

const REGISTER = ['--require', 'barewire/register'];

/** What the programs share: a server that counts, and every way to reach it. */
const KIT = `
  const net = require('net');
  const http = require('http');
  const { once } = require('events');
  exports.net = net;
  exports.server = async () => {
    const server = http.createServer((request, response) => response.end('reached'));
    server.unref();
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return server.address().port;
  };
  const raw = (socket) => new Promise((resolve) => {
    socket.on('error', (error) => resolve(error.message));
    socket.end('GET / HTTP/1.0\\r\\n\\r\\n');
    socket.resume().on('end', () => resolve('reached'));
  });
  const ways = {
    connect: (port) => raw(net.connect(port, '127.0.0.1')),
    socket: (port) => raw(new net.Socket().connect({ port, host: '127.0.0.1' })),
    get: (port) => new Promise((resolve) => {
      http.get({ port, host: '127.0.0.1', agent: false }, (response) => {
        response.resume().on('end', () => resolve('reached'));
      }).on('error', (error) => resolve(error.message));
    }),
    fetch: (port) => fetch('http://127.0.0.1:' + port, { headers: { connection: 'close' } })
      .then((response) => response.text()).catch((error) => (error.cause ?? error).message),
  };
  exports.all = async (port) => {
    const seen = {};
    for (const [name, way] of Object.entries(ways)) {
      seen[name] = await (async () => way(port))().catch((error) => error.message);
    }
    return JSON.stringify(seen);
  };`;

/** Runs `text` on the built-in and under the hook; returns what both printed. */
async function same(
  t: import('node:test').TestContext,
  text: string,
  args: readonly string[] = [],
): Promise<string> {
  const quiet = 'module.exports = async function* (all) { for await (const _ of all); };';
  const project = new Project(t, { 'kit.cjs': KIT, 'quiet.cjs': quiet, 'main.cjs': text });
  const builtin = await project.node([...args, 'main.cjs']);
  const hooked = await project.node([...REGISTER, ...args, 'main.cjs']);
  assert.equal(builtin.code, 0, builtin.stderr);
  assert.equal(hooked.code, 0, hooked.stderr);
  assert.equal(hooked.stdout, builtin.stdout);
  return builtin.stdout;
}

test('a guard in the place of Socket.prototype.connect holds for http and fetch', async (t) => {
  const printed = await same(
    t,
    `
    const { net, server, all } = require('./kit.cjs');
    (async () => {
      const port = await server();
      const { connect } = net.Socket.prototype;
      console.log(await all(port));
      net.Socket.prototype.connect = () => { throw new Error('no network in tests'); };
      console.log(await all(port));
      net.Socket.prototype.connect = connect;
      console.log(await all(port));
    })();`,
  );
  const [before, during, after] = printed.split('\n');
  assert.equal(before?.match(/reached/g)?.length, 4);
  assert.equal(during?.match(/no network in tests/g)?.length, 4);
  assert.equal(after, before);
});

test('a wrapper of connect, put in place by defineProperty, is called once for each', async (t) => {
  const printed = await same(
    t,
    `
    const { net, server, all } = require('./kit.cjs');
    (async () => {
      const port = await server();
      const before = Object.getOwnPropertyDescriptor(net.Socket.prototype, 'connect');
      let calls = 0;
      const value = function connect(...args) { calls++; return before.value.apply(this, args); };
      Object.defineProperty(net.Socket.prototype, 'connect', { value, configurable: true });
      console.log(await all(port), calls);
      Object.defineProperty(net.Socket.prototype, 'connect', before);
      console.log(await all(port), calls);
    })();`,
  );
  const [first, second] = printed.split('\n');
  assert.match(first ?? '', /(reached.*){4} 4$/);
  assert.equal(second, first);
});

test("methods of the prototypes, of a server's as well", async (t) => {
  await same(
    t,
    `
    const { net, server, all } = require('./kit.cjs');
    const http = require('http');
    (async () => {
      const port = await server();
      const calls = {};
      const originals = [];
      for (const name of ['setTimeout', 'write', 'end', 'destroy', 'setNoDelay', 'ref']) {
        calls[name] = 0;
        const original = net.Socket.prototype[name];
        const own = Object.getOwnPropertyDescriptor(net.Socket.prototype, name);
        originals.push([name, own]);
        net.Socket.prototype[name] = function (...args) {
          calls[name] += 1;
          return original.apply(this, args);
        };
      }
      const request = http.get({ port, host: '127.0.0.1', agent: false, timeout: 5000 });
      await new Promise((resolve) => request.on('response', (r) => r.resume().on('end', resolve)));
      await new Promise(setImmediate);
      const names = Object.keys(calls).filter((name) => calls[name] > 0);
      for (const [name, own] of originals) {
        if (own === undefined) delete net.Socket.prototype[name];
        else Object.defineProperty(net.Socket.prototype, name, own);
      }
      const seen = { ...calls };
      console.log(await all(port), names.includes('setTimeout'), names.includes('destroy'));
      console.log(JSON.stringify(seen) === JSON.stringify(calls));
      const { listen } = net.Server.prototype;
      net.Server.prototype.listen = () => 'no servers';
      console.log(http.createServer().listen(0), net.createServer().listen(0));
      net.Server.prototype.listen = listen;
      await server();
    })();`,
  );
});

test('net.connect replaced on the module holds for fetch, undone when it is undone', async (t) => {
  await same(
    t,
    `
    const { net, server, all } = require('./kit.cjs');
    (async () => {
      const port = await server();
      const { connect } = net;
      const tryFetch = () => fetch('http://127.0.0.1:' + port, { headers: { connection: 'close' } })
        .then((response) => response.text(), (error) => (error.cause ?? error).message);
      net.connect = () => { throw new Error('no network in tests'); };
      console.log(await tryFetch());
      let makes = [];
      net.connect = (...args) => {
        const socket = connect(...args);
        makes.push(socket.constructor.name, socket instanceof net.Socket);
        return socket;
      };
      console.log(await tryFetch(), await all(port), makes.join());
      net.connect = connect;
      console.log(await tryFetch(), makes.length);
    })();`,
  );
});

test("what is patched on the built-in reaches this package's, and is undone with it", async (t) => {
  const text = `
    const { net, server, all } = require('./kit.cjs');
    const { builtinNet = net } = process.argv[2] ? require('barewire/register') : {};
    (async () => {
      const port = await server();
      const { prototype } = builtinNet.Socket;
      const { connect } = prototype;
      prototype.connect = () => { throw new Error('no network in tests'); };
      console.log(await all(port));
      let calls = 0;
      prototype.connect = function (...args) { calls++; return connect.apply(this, args); };
      console.log(await all(port), calls);
      prototype.connect = connect;
      console.log(await all(port), calls);
    })();`;
  const project = new Project(t, { 'kit.cjs': KIT, 'main.cjs': text });
  const builtin = await project.node(['main.cjs']);
  const hooked = await project.node([...REGISTER, 'main.cjs', 'hooked']);
  assert.equal(hooked.stderr, '');
  assert.match(builtin.stdout, /(no network.*){4}\n.*(reached.*){4} 4\n.*(reached.*){4} 4\n/);
  assert.equal(hooked.stdout, builtin.stdout);
});

test('a guard that a preload set before the hook holds', async (t) => {
  const guard = `
    const { prototype } = require('net').Socket;
    const { connect } = prototype;
    prototype.connect = () => { throw new Error('no network in tests'); };
    globalThis.undo = () => { prototype.connect = connect; };`;
  const main = `
    const { net, server, all } = require('./kit.cjs');
    (async () => {
      const port = await server();
      console.log(await all(port));
      undo();
      console.log(await all(port));
    })();`;
  const project = new Project(t, { 'kit.cjs': KIT, 'guard.cjs': guard, 'main.cjs': main });
  const both = ['--require', './guard.cjs'];
  const builtin = await project.node([...both, 'main.cjs']);
  const hooked = await project.node([...both, ...REGISTER, 'main.cjs']);
  assert.equal(hooked.stderr, '');
  assert.match(builtin.stdout, /(no network.*){4}\n.*(reached.*){4}\n/);
  assert.equal(hooked.stdout, builtin.stdout);
});

test('a mock that replaces inner parts of connecting sockets gets the built-in ones', async (t) => {
  const printed = await same(
    t,
    `
    const { net, server, all } = require('./kit.cjs');
    class Mine extends net.Socket { mine() { return 'mine'; } }
    (async () => {
      const port = await server();
      const { connect } = net.Socket.prototype;
      net.Socket.prototype.connect = function (...args) {
        const generic = this._writeGeneric;
        this._writeGeneric = function (...parts) {
          written++;
          return generic.apply(this, parts);
        };
        return connect.apply(this, args);
      };
      let written = 0;
      const mine = new Mine({ allowHalfOpen: true });
      const text = [];
      mine.setEncoding('latin1').on('data', (chunk) => text.push(typeof chunk));
      mine.setTimeout(5000);
      mine.connect(port, '127.0.0.1', () => mine.end('GET / HTTP/1.0\\r\\n\\r\\n'));
      await new Promise((resolve) => mine.on('end', resolve));
      const { allowHalfOpen, timeout } = mine;
      console.log(mine.mine(), text.includes('string'), allowHalfOpen, timeout, written > 0);
      console.log(await all(port));
      net.Socket.prototype.connect = connect;
      const seen = written;
      console.log(await all(port), written === seen);
    })();`,
  );
  assert.match(printed, /^mine true true 5000 true\n(.*reached){4}.*\n(.*reached){4}.* true\n$/);
});

test("mock.module('node:net') of node:test wins, and ends with its restore", async (t) => {
  const printed = await same(
    t,
    `
    const { test, mock } = require('node:test');
    const replace = { namedExports: { connect: () => 'mocked' } };
    const kinds = async () => [require('net'), await import('node:net')].map((net) => {
      try { return net.connect() === 'mocked'; } catch { return false; }
    });
    (async () => {
      const seen = [];
      await test('one', async (t) => {
        const once = mock.module('node:net', replace);
        seen.push(await kinds());
        once.restore();
        seen.push(await kinds());
        t.mock.module('net', replace);
        seen.push(await kinds());
      });
      seen.push(await kinds());
      console.log('SEEN', JSON.stringify(seen));
    })();`,
    ['--no-warnings', '--experimental-test-module-mocks', '--test-reporter', './quiet.cjs'],
  );
  assert.match(printed, /SEEN \[\[true,true\],\[false,false\],\[true,true\],\[false,false\]\]/);
});
