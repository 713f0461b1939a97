/** The module’s surface as Node's own tests look at it, in our words. */
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { getDefaultHighWaterMark } from 'node:stream';
import { script } from '../contract/kit/program.js';
import { row } from '../contract/kit/row.js';
import { event } from '../contract/kit/wait.js';
import { errorOf, loose, pairOf, thrownBy } from './kit.js';

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

row('getters read on Socket.prototype itself give undefined or 0, and do not throw', ({ net }) => {
  for (const name of GETTERS) {
    const value = Reflect.get(net.Socket.prototype, name) as unknown;
    assert.ok(value === undefined || value === 0, `${name}: ${String(value)}`);
  }
});

const PRINT = `
  console.log(net.getDefaultAutoSelectFamily(), net.getDefaultAutoSelectFamilyAttemptTimeout());
`;

row('the command line can turn the selection of addresses off', async (s) => {
  for (const [flags, expected] of [
    [[], /^true \d+/],
    [['--no-network-family-autoselection'], /^false /],
    [['--no-network-family-autoselection', '--network-family-autoselection'], /^true /],
    [['--network-family-autoselection-attempt-timeout=123'], /^true 123$/m],
    [['--network-family-autoselection-attempt-timeout', '321'], /^true 321$/m],
  ] as const) {
    const program = script(s, s.profile, PRINT, flags);
    assert.equal(await program.exit(), 0, program.output);
    assert.match(program.output, expected, flags.join(' '));
  }
});

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

row('write throws at once on what can not be written, null in words of its own', (s) => {
  const socket = s.own(new s.net.Socket({ highWaterMark: 0 }));
  const isNull = thrownBy(() => socket.write(loose<string>(null)));
  assert.equal(isNull?.code, 'ERR_STREAM_NULL_VALUES');
  for (const value of [true, undefined, 1, Number.NaN, [], {}, Symbol('s')]) {
    const error = thrownBy(() => socket.write(loose<string>(value)));
    assert.equal(error?.code, 'ERR_INVALID_ARG_TYPE', String(value));
    assert.ok(error instanceof TypeError);
  }
});

row('without options a socket buffers 64 KiB, or what the program set for streams', async (s) => {
  const streams = getDefaultHighWaterMark(false);
  const mark = streams === 16_384 ? 65_536 : streams;
  const { client, accepted, server } = await pairOf(s);
  for (const socket of [client, accepted, s.own(new s.net.Socket())]) {
    assert.equal(socket.readableHighWaterMark, mark);
    assert.equal(socket.writableHighWaterMark, mark);
  }
  assert.equal(Reflect.get(server, 'highWaterMark'), mark);
});

row('rules of a BlockList come newest first', ({ net }) => {
  const list = new net.BlockList();
  list.addAddress('1.1.1.1');
  list.addRange('10.0.0.1', '10.0.0.10');
  list.addSubnet('8592:757c:efae:4e45::', 64, 'ipv6');
  assert.deepEqual(list.rules, [
    'Subnet: IPv6 8592:757c:efae:4e45::/64',
    'Range: IPv4 10.0.0.1-10.0.0.10',
    'Address: IPv4 1.1.1.1',
  ]);
});

row('Socket, Stream and Server can be called without new', (s) => {
  assert.equal(s.net.Stream, s.net.Socket);
  const callable = s.net as unknown as Record<'Socket' | 'Server', () => unknown>;
  assert.ok(callable.Socket() instanceof s.net.Socket);
  assert.ok(callable.Server() instanceof s.net.Server);
});

row('an async connection listener that rejects destroys its socket', async (s) => {
  const before = EventEmitter.captureRejections;
  EventEmitter.captureRejections = true;
  s.defer(() => {
    EventEmitter.captureRejections = before;
  });
  const wanted = new Error('planted');
  const server = s.server();
  const errors: unknown[] = [];
  server.on('connection', (socket) => socket.on('error', (error) => errors.push(error)));
  server.on(
    'connection',
    loose(() => Promise.reject(wanted)),
  );
  const socket = s.connect(await s.port(server), '127.0.0.1').on('error', () => {});
  socket.resume();
  await event(socket, 'close');
  assert.deepEqual(errors, [wanted]);
});

row('a socket refuses objectMode, of one side as of both', ({ net }) => {
  for (const name of ['objectMode', 'readableObjectMode', 'writableObjectMode']) {
    assert.throws(() => new net.Socket(loose({ [name]: true })), {
      code: 'ERR_INVALID_ARG_VALUE',
    });
  }
});

row('a socket’s timeout must be a finite number that is not negative', (s) => {
  const socket = s.own(new s.net.Socket());
  for (const [value, code] of [
    ['100', 'ERR_INVALID_ARG_TYPE'],
    [undefined, 'ERR_INVALID_ARG_TYPE'],
    [null, 'ERR_INVALID_ARG_TYPE'],
    [-1, 'ERR_OUT_OF_RANGE'],
    [Number.NaN, 'ERR_OUT_OF_RANGE'],
    [Number.POSITIVE_INFINITY, 'ERR_OUT_OF_RANGE'],
  ] as const) {
    assert.throws(() => socket.setTimeout(loose<number>(value)), { code }, String(value));
  }
  assert.throws(() => socket.setTimeout(1, loose('callback')), { code: 'ERR_INVALID_ARG_TYPE' });
  assert.equal(socket.setTimeout(0), socket);
});

row('a socket that fails twice tells the first error only', async (s) => {
  const socket = s.own(new s.net.Socket());
  const failed = errorOf(socket);
  const closed = event(socket, 'close');
  socket.destroy(new Error('first'));
  socket.destroy(new Error('second'));
  assert.equal((await failed).message, 'first');
  await closed;
});
