/** Errors that no listener takes. B# is oven-sh/bun, D# is denoland/deno. */
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { loose } from '../../kit/bad-arguments.js';
import { row } from '../../kit/row.js';
import { script } from '../../kit/scripts.js';
import { event } from '../../kit/wait.js';

// One of Node's own tests, in our words.
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

// B#34513
row('an error that nobody listens for is uncaught, as any emitter’s', async (s) => {
  const text = `
    process.on('uncaughtException', (error) => console.log('uncaught', error.code));
    const server = net.createServer((socket) => socket.on('data', () => {}));
    server.listen(0, '127.0.0.1', () => {
      const client = net.connect(server.address().port, '127.0.0.1');
      server.on('connection', () => client.resetAndDestroy());
      server.on('connection', (socket) => socket.on('close', () => server.close()));
    });
  `;
  const program = script(s, s.profile, text);
  assert.equal(await program.exit(), 0, program.output);
  assert.equal(program.output, 'uncaught ECONNRESET\n');
});
