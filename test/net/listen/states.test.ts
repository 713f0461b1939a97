/**
 * When a server may listen, and listen again; what it says of itself before and after. B# is
 * oven-sh/bun, D# is denoland/deno.
 */
import assert from 'node:assert/strict';
import { loose } from '../../kit/bad-arguments.js';
import { errorOf, thrownBy } from '../../kit/outcomes.js';
import { row } from '../../kit/row.js';
import { script } from '../../kit/scripts.js';
import { event } from '../../kit/wait.js';

// One of Node's own tests, in our words.
row('a listening server refuses to listen again, and goes on', async (s) => {
  const server = s.server((socket) => socket.end());
  const port = await s.port(server);
  assert.equal(thrownBy(() => server.listen(0))?.code, 'ERR_SERVER_ALREADY_LISTEN');
  const client = s.connect(port, '127.0.0.1').resume();
  await event(client, 'close');
  server.close();
  await s.port(server);
});

// One of Node's own tests, in our words.
row('the callback of listen does not stay a listener', async (s) => {
  const server = s.server();
  for (let i = 0; i < 3; i++) {
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    assert.equal(server.listenerCount('listening'), 0);
    server.close();
    await event(server, 'close');
  }
});

// One of Node's own tests, in our words.
row('a server that could not listen can listen elsewhere', async (s) => {
  const taken = await s.port(s.server());
  const server = s.server();
  let called = 0;
  server.listen(taken, '127.0.0.1', () => called++);
  assert.equal((await errorOf(server)).code, 'EADDRINUSE');
  const listening = event(server, 'listening');
  server.listen(0, '127.0.0.1');
  await listening;
  assert.equal(called, 1, 'the first callback hears of it, as in Node');
});

// One of Node's own tests, in our words.
row('a signal of listen closes the server, aborted before or later', async (s) => {
  for (const when of ['before', 'later'] as const) {
    const controller = new AbortController();
    const server = s.server();
    const closed = event(server, 'close');
    if (when === 'before') controller.abort();
    server.listen({ port: 0, host: '127.0.0.1', signal: controller.signal });
    if (when === 'later') server.on('listening', () => controller.abort());
    await closed;
    assert.equal(server.listening, false, when);
  }
  const error = thrownBy(() => s.server().listen({ port: 0, signal: loose('signal') }));
  assert.equal(error?.code, 'ERR_INVALID_ARG_TYPE');
});

// nodejs/node#41895
row('close before the host is looked up binds nothing, and the program ends', async (s) => {
  const text = `
    const server = net.createServer().listen(0, 'localhost').close();
    server.on('listening', () => console.log('listening'));`;
  const child = script(s, s.profile, text);
  assert.equal(await child.exit(), 0);
  assert.equal(child.output, '');
});

// D#24432
row('address() is null before listen and after close', async (s) => {
  const server = s.server();
  assert.equal(server.address(), null);
  await s.port(server);
  server.close();
  assert.equal(server.address(), null);
});
