/** The hook: what it leaves alone, `instanceof`, and patches that a program makes on the module. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Project } from './project.js';

const REGISTER = ['--require', 'barewire/register'];

/** Runs a program under the hook; it prints nothing but what it found wrong. */
async function holds(t: import('node:test').TestContext, name: string, text: string) {
  const project = new Project(t, { [name]: text });
  const { code, signal, stdout, stderr } = await project.node([...REGISTER, name]);
  assert.deepEqual(
    { code, signal, stdout, stderr },
    { code: 0, signal: null, stdout: '', stderr: '' },
  );
}

test("instanceof net.Socket holds for this package's sockets and for those of Node's core", (t) =>
  holds(
    t,
    'main.cjs',
    `
    const assert = require('node:assert');
    const net = require('net');
    const http = require('node:http');
    const { PassThrough, Duplex } = require('node:stream');
    const { builtinNet } = require('barewire/register');
    assert.notEqual(net.Socket, builtinNet.Socket);
    assert(new net.Socket() instanceof net.Socket);
    assert(new builtinNet.Socket() instanceof net.Socket);
    assert(!(new net.Socket() instanceof builtinNet.Socket));
    assert(!(new PassThrough() instanceof net.Socket));
    assert(!(null instanceof net.Socket) && !('x' instanceof net.Socket));
    assert(!(undefined instanceof net.Socket));
    assert(http.createServer() instanceof net.Server);
    assert(!(http.createServer() instanceof net.Socket));
    assert(net.createServer() instanceof net.Server);
    class Mine extends net.Socket {}
    assert(new Mine() instanceof Mine && new Mine() instanceof net.Socket);
    assert(new Mine() instanceof Duplex);
    assert(!(new net.Socket() instanceof Mine) && !(new builtinNet.Socket() instanceof Mine));
    const server = http.createServer((request, response) => {
      assert(request.socket instanceof builtinNet.Socket, 'core makes its own');
      assert(request.socket instanceof net.Socket);
      response.end();
      server.close();
    }).listen(0, () => {
      http.get({ port: server.address().port, agent: false }, (response) => {
        assert(response.socket instanceof net.Socket);
        response.resume();
      });
    });
    const child = require('node:child_process').spawn('cat');
    assert(child.stdin instanceof net.Socket && child.stdout instanceof net.Socket);
    child.stdin.end();
    `,
  ));

test('net.connect, net.createServer and Socket.prototype.connect can be replaced', (t) =>
  holds(
    t,
    'main.mjs',
    `
    import assert from 'node:assert';
    import { createRequire, syncBuiltinESMExports } from 'node:module';
    import net, { connect } from 'net';
    const required = createRequire(import.meta.url)('node:net');
    assert.equal(required, net);
    const original = net.connect;
    required.connect = () => 'stub';
    assert.equal(net.connect(), 'stub');
    assert.equal(connect, original, 'named exports follow when told');
    syncBuiltinESMExports();
    assert.equal(connect(), 'stub');
    net.connect = original;
    syncBuiltinESMExports();
    assert.equal(connect, original);

    const calls = [];
    const real = net.Socket.prototype.connect;
    net.Socket.prototype.connect = function (...args) {
      calls.push(args.length);
      return Reflect.apply(real, this, args);
    };
    const server = net.createServer((socket) => socket.end('hello')).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address();
    const sockets = [net.connect(port, '127.0.0.1'), new net.Socket().connect({ port })];
    for (const socket of sockets) {
      let text = '';
      for await (const chunk of socket) text += chunk;
      assert.equal(text, 'hello');
    }
    assert.deepEqual(calls, [1, 1], 'connect() and socket.connect() both went through the wrapper');
    server.close();

    for (const name of Object.keys(net)) {
      const before = net[name];
      for (const value of ['stub', 'another', before]) {
        net[name] = value;
        assert.equal(net[name], value, name);
      }
      const is = Object.getOwnPropertyDescriptor(net, name);
      assert(is.writable && is.configurable && is.enumerable, name);
    }
    `,
  ));

test('a TLS socket over one of ours knows its addresses', (t) =>
  holds(
    t,
    'main.cjs',
    `
    const assert = require('node:assert');
    const net = require('net');
    const tls = require('tls');
    const server = net.createServer((socket) => {
      // Not at once: TLS writes at once, and a connection that was reset has no addresses.
      socket.once('data', () => socket.destroy());
    });
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      const socket = net.connect(port, '127.0.0.1', () => {
        const secured = tls.connect({ socket });
        secured.on('error', () => {});
        assert.equal(secured.remotePort, port);
        assert.equal(secured.remoteAddress, '127.0.0.1');
        assert.equal(secured.localPort, socket.localPort);
        assert.equal(secured.address().port, socket.localPort);
        server.close();
      });
    });
    `,
  ));

test("Node's own http, https and dgram work as ever, and net's names are all there", (t) =>
  holds(
    t,
    'main.cjs',
    `
    const assert = require('node:assert');
    const net = require('net');
    const { builtinNet } = require('barewire/register');
    const hidden = new Set(['_setSimultaneousAccepts', '_createServerHandle', '_normalizeArgs',
      '_TransferredBoundSocket', 'BoundSocket', 'BlockList', 'SocketAddress']);
    for (const name of Object.keys(builtinNet)) {
      assert(hidden.has(name) || typeof net[name] === typeof builtinNet[name], name);
    }
    const tls = require('node:tls');
    assert.equal(Object.getPrototypeOf(tls.TLSSocket.prototype), builtinNet.Socket.prototype);
    const tty = require('node:tty');
    assert.equal(Object.getPrototypeOf(tty.ReadStream.prototype), builtinNet.Socket.prototype);
    `,
  ));
