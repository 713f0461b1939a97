/** Servers: what Bun and Deno got wrong once. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { join } from 'node:path';
import { errorOf, loose, textOf, thrownBy } from '../conformance/kit.js';
import { script } from '../contract/kit/program.js';
import { row, type Server } from '../contract/kit/row.js';
import { event } from '../contract/kit/wait.js';

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

// B#4582
row('listen takes a port in a text for a port, and makes no socket file', async (s) => {
  const taken = await s.port(s.server());
  for (const listen of [
    (server: Server) => server.listen(loose<number>(String(taken)), '127.0.0.1'),
    (server: Server) => server.listen({ port: String(taken), host: '127.0.0.1' }),
  ]) {
    const error = await errorOf(listen(s.server()));
    assert.deepEqual([error.code, error.port], ['EADDRINUSE', taken]);
    assert.equal(existsSync(String(taken)), false);
  }
});

// B#34083
row('listen with a text that is neither a port nor a path is ERR_SOCKET_BAD_PORT', (s) => {
  for (const port of ['', '  ', '80.5', '1e9', '-1']) {
    const error = thrownBy(() => s.server().listen({ port }));
    assert.equal(error?.code, 'ERR_SOCKET_BAD_PORT', JSON.stringify(port));
  }
  assert.equal(thrownBy(() => s.server().listen(''))?.code, 'ERR_SOCKET_BAD_PORT');
});

// B#33493
row('a socket file in a folder that is not there is an error with path and port -1', async (s) => {
  const path = join(s.folder(), 'not-there', 'x');
  const error = await errorOf(s.server().listen(path));
  assert.match(error.code ?? '', /^(ENOENT|EACCES)$/);
  assert.equal(error.errno, error.code === 'ENOENT' ? -2 : -13);
  assert.deepEqual([error.syscall, error.address, error.port], ['listen', path, -1]);
  assert.match(error.message, /^listen E[A-Z]+: .* \S+$/);
});

// B#28798
row('a file in the way is EADDRINUSE and is left as it is', async (s) => {
  const path = join(s.folder(), 'file');
  writeFileSync(path, 'precious');
  const server = s.server().listen(path);
  assert.equal((await errorOf(server)).code, 'EADDRINUSE');
  server.close();
  assert.equal(readFileSync(path, 'latin1'), 'precious');
});

// B#28798
row('close removes the socket file', async (s) => {
  const path = join(s.folder(), 'x');
  const server = s.server().listen({ path });
  await event(server, 'listening');
  assert.deepEqual([server.address(), existsSync(path)], [path, true]);
  server.close();
  await event(server, 'close');
  assert.equal(existsSync(path), false);
});

// B#36333
row('a server’s high-water mark must be a number, and a negative one is the default', async (s) => {
  for (const highWaterMark of ['4096', {}, true]) {
    const options = { highWaterMark: loose<number>(highWaterMark) };
    assert.throws(() => s.net.createServer(options), {
      code: 'ERR_INVALID_ARG_TYPE',
    });
  }
  const fallback = s.own(new s.net.Socket()).readableHighWaterMark;
  const server = s.server({ highWaterMark: -1 });
  const accepted = s.connection(server);
  s.connect(await s.port(server), '127.0.0.1');
  assert.equal((await accepted).readableHighWaterMark, fallback);
});

// B#40917
row('the listener of createServer is a listener like any other', async (s) => {
  let calls = 0;
  const listener = (): void => {
    calls++;
  };
  const server = s.server(listener);
  assert.ok(server.listeners('connection').includes(listener));
  const before = server.listenerCount('connection');
  const made = s.own(new s.net.Socket());
  server.emit('connection', made);
  assert.equal(calls, 1);
  const port = await s.port(server);
  for (let i = 2; i < 4; i++) {
    const accepted = s.connection(server);
    s.connect(port, '127.0.0.1');
    await accepted;
    assert.deepEqual([calls, server.listenerCount('connection')], [i, before]);
  }
});

// B server.spec.ts
row('a new server has the properties of one that was given no options', ({ net }) => {
  for (const options of [undefined, null, {}]) {
    const server = new net.Server(options);
    const shown = (name: string): unknown => Reflect.get(server, name) as unknown;
    assert.deepEqual(
      ['listening', 'allowHalfOpen', 'pauseOnConnect', 'noDelay', 'keepAlive'].map(shown),
      [false, false, false, false, false],
    );
    assert.equal(shown('keepAliveInitialDelay'), 0);
    assert.equal(shown('_connections'), 0);
    assert.equal(shown('maxConnections'), undefined);
    assert.deepEqual(server.eventNames(), []);
  }
  for (const options of [1, false, 'text', Symbol('s')]) {
    assert.throws(() => new net.Server(loose(options)), { code: 'ERR_INVALID_ARG_TYPE' });
  }
});

// B#7355
row('a server on 0.0.0.0 takes IPv4 and not IPv6', async (s) => {
  const server = s.server((socket) => socket.end('four')).listen(0, '0.0.0.0');
  await event(server, 'listening');
  assert.deepEqual(server.address(), { address: '0.0.0.0', family: 'IPv4', port: portOf(server) });
  assert.equal(await textOf(s.connect(portOf(server), '127.0.0.1')), 'four');
  assert.equal((await errorOf(s.connect(portOf(server), '::1'))).code, 'ECONNREFUSED');
});

// D#36168
row('a server on :: takes IPv4, too, unless ipv6Only says no', async (s) => {
  for (const ipv6Only of [undefined, false, true]) {
    const server = s.server((socket) => socket.end('any'));
    server.listen({ port: 0, host: '::', ipv6Only });
    await event(server, 'listening');
    assert.equal(await textOf(s.connect(portOf(server), '::1')), 'any');
    const four = s.connect(portOf(server), '127.0.0.1');
    if (ipv6Only) assert.equal((await errorOf(four)).code, 'ECONNREFUSED');
    else assert.equal(await textOf(four), 'any');
  }
});

// D net_test.ts "the port is available immediately after close callback"
row('the port is free in the callback of close', async (s) => {
  for (let i = 0; i < 5; i++) {
    const server = s.server();
    const port = await s.port(server);
    await new Promise<void>((resolve, reject) => {
      server.close(() => {
        const next = createHttpServer().on('error', reject);
        next.listen(port, '127.0.0.1', () => next.close(() => resolve()));
      });
    });
  }
});

// D#24432
row('address() is null before listen and after close', async (s) => {
  const server = s.server();
  assert.equal(server.address(), null);
  await s.port(server);
  server.close();
  assert.equal(server.address(), null);
});

// D#33366
row('a server on a path goes on after its first client has left', async (s) => {
  const path = join(s.folder(), 'x');
  let count = 0;
  const server = s.server((socket) => socket.end(`client ${++count}`)).listen(path);
  await event(server, 'listening');
  for (let i = 1; i <= 4; i++) {
    assert.equal(await textOf(s.connect(path)), `client ${i}`);
  }
});

// D#19755
row('the connection event has the socket as its one argument', async (s) => {
  const server = s.server();
  const port = await s.port(server);
  const seen = event(server, 'connection');
  s.connect(port, '127.0.0.1');
  const args = await seen;
  assert.equal(args.length, 1);
  assert.ok(args[0] instanceof s.net.Socket);
});

// B listen-fd.test.ts, B#22559
row('a child listens on the socket that its parent left it as descriptor 3', async (s) => {
  const text = `
    const { spawn } = require('node:child_process');
    if (process.env.CHILD) {
      const server = net.createServer((socket) => { socket.end('child'); server.close(); });
      server.listen({ fd: 3 }, () => console.log('port', server.address().port));
    } else {
      const server = net.createServer().listen(0, '127.0.0.1', () => {
        const stdio = ['ignore', 'inherit', 'inherit', server._handle.fd];
        const env = { ...process.env, CHILD: '1' };
        spawn(process.execPath, ['-e', process.env.SOURCE], { stdio, env });
        server.close();
      });
    }
  `;
  const source = `const net = require('${s.profile}');\n${text}`;
  process.env['SOURCE'] = source;
  s.defer(() => delete process.env['SOURCE']);
  const program = script(s, s.profile, text);
  await program.printed(/port \d+/);
  const port = Number(/port (\d+)/.exec(program.output)?.[1]);
  assert.equal(await textOf(s.connect(port, '127.0.0.1')), 'child');
  assert.equal(await program.exit(), 0);
});

// B#35022
row('a drop listener that throws does not keep the connection', async (s) => {
  const program = script(
    s,
    s.profile,
    `process.on('uncaughtException', (error) => console.log(error.message));
     const server = net.createServer();
     server.maxConnections = 0;
     server.on('connection', () => console.log('taken'));
     server.on('drop', () => { server.close(); throw new Error('planted'); });
     server.listen(0, '127.0.0.1', () => {
       const client = net.connect(server.address().port, '127.0.0.1').resume();
       client.on('error', () => {}).on('close', () => console.log('closed'));
     });`,
  );
  assert.equal(await program.exit(), 0, program.output);
  assert.equal(program.output, 'planted\nclosed\n');
});
