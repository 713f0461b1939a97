/**
 * The surface of the classes: getters, error texts, calls without `new`, old-style inheritance. B#
 * is oven-sh/bun, D# is denoland/deno.
 */
import assert from 'node:assert/strict';
import { inherits } from 'node:util';
import { loose } from '../../kit/bad-arguments.js';
import { textOf, thrownBy } from '../../kit/outcomes.js';
import { row, type Socket } from '../../kit/row.js';

const GETTERS = [
  'remoteAddress',
  'remoteFamily',
  'remotePort',
  'localAddress',
  'localFamily',
  'localPort',
  'bytesRead',
  'bytesWritten',
  '_bytesDispatched',
];

// One of Node's own tests, in our words.
row('getters read on Socket.prototype itself give undefined or 0, and do not throw', ({ net }) => {
  for (const name of GETTERS) {
    const value = Reflect.get(net.Socket.prototype, name) as unknown;
    assert.ok(value === undefined || value === 0, `${name}: ${String(value)}`);
  }
});

// One of Node's own tests, in our words.
row('each error says its code in its text', ({ net }) => {
  const socket = new net.Socket();
  const errors = [
    thrownBy(() => socket.connect({ port: 65_536 })),
    thrownBy(() => socket.connect(loose({}))),
    thrownBy(() => net.createServer(loose('path'))),
    thrownBy(() => net.createServer().listen(-1)),
    thrownBy(() => net.createServer().listen(loose({}))),
  ];
  for (const error of errors) {
    assert.match(error?.code ?? '', /^ERR_/);
    assert.ok(String(error).includes(`[${error?.code}]`), String(error));
    assert.ok(error?.stack?.includes(`[${error.code}]`), error?.stack);
  }
});

// One of Node's own tests, in our words.
row('Socket, Stream and Server can be called without new', (s) => {
  assert.equal(s.net.Stream, s.net.Socket);
  const callable = s.net as unknown as Record<'Socket' | 'Server', () => unknown>;
  assert.ok(callable.Socket() instanceof s.net.Socket);
  assert.ok(callable.Server() instanceof s.net.Server);
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
