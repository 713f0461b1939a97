/**
 * The arguments of `listen`: ports, descriptors, and what is neither. B# is oven-sh/bun, D# is
 * denoland/deno.
 */
import assert from 'node:assert/strict';
import { closeSync, existsSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loose } from '../../kit/bad-arguments.js';
import { errorOf, textOf, thrownBy } from '../../kit/outcomes.js';
import { row, type Server } from '../../kit/row.js';
import { script } from '../../kit/scripts.js';
import { event } from '../../kit/wait.js';

// One of Node's own tests, in our words.
row('listening on the descriptor of a file is EINVAL', async (s) => {
  const path = join(s.folder(), 'file');
  writeFileSync(path, '');
  const fd = openSync(path, 'r');
  s.defer(() => closeSync(fd));
  const error = await errorOf(s.server().listen({ fd }));
  assert.deepEqual([error.code, error.syscall], ['EINVAL', 'listen']);
});

// One of Node's own tests, in our words.
row('listening on a descriptor that is not open is an error that comes later', async (s) => {
  const server = s.server().listen({ fd: 1_000_000 });
  const error = await errorOf(server);
  assert.match(error.code ?? '', /^(EBADF|EINVAL)$/);
  assert.equal(server.listening, false);
});

// One of Node's own tests, in our words.
row('_connectionKey tells family, address and port, or the path', async (s) => {
  const keyOf = (server: object): unknown => Reflect.get(server, '_connectionKey');
  const path = join(s.folder(), 'x');
  for (const [where, key] of [
    [{ port: 0, host: '127.0.0.1' }, '4:127.0.0.1:0'],
    [{ port: 0, host: '::1' }, '6:::1:0'],
    [{ port: 0 }, s.profile === 'barewire' ? '4:0.0.0.0:0' : '6::::0'],
    [{ path }, `-1:${path}:-1`],
  ] as const) {
    const server = s.server().listen(where);
    await event(server, 'listening');
    assert.equal(keyOf(server), key);
  }
});

// One of Node's own tests, in our words.
row('ports that are none throw ERR_SOCKET_BAD_PORT at once', (s) => {
  for (const port of [-1, 65_536, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    for (const argument of [port, { port }, { port: String(port) }]) {
      const error = thrownBy(() => s.server().listen(loose<number>(argument)));
      assert.equal(error?.code, 'ERR_SOCKET_BAD_PORT', JSON.stringify(argument));
      assert.ok(error instanceof RangeError);
    }
  }
});

// One of Node's own tests, in our words.
row('options without a port, a path, a descriptor or a handle throw at once', (s) => {
  for (const options of [{}, { host: '127.0.0.1' }, { fd: 'x' }, { path: 5 }, true, false]) {
    const error = thrownBy(() => s.server().listen(loose<number>(options)));
    assert.equal(error?.code, 'ERR_INVALID_ARG_VALUE', JSON.stringify(options));
  }
});

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
