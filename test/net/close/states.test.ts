/** What a socket and a server say of themselves once they are closed. */
import assert from 'node:assert/strict';
import { accepted } from '../../kit/peer-pair.js';
import { row } from '../../kit/row.js';
import { event, until } from '../../kit/wait.js';

row('closed and errored tell how it ended', async (s) => {
  const well = await accepted(s);
  assert.deepEqual([well.socket.closed, well.socket.errored], [false, null]);
  const closed = event(well.socket.resume(), 'close');
  await well.far.end();
  await closed;
  assert.deepEqual([well.socket.closed, well.socket.errored], [true, null]);

  const { socket, far } = await accepted(s);
  const failed = event<[Error]>(socket, 'error');
  await far.reset();
  const [error] = await failed;
  assert.equal((error as NodeJS.ErrnoException).code, 'ECONNRESET');
  await until(() => socket.closed, 'closed');
  assert.equal(socket.errored, error);
});

row('a server’s states have errors of their own', async (s) => {
  const server = s.server();
  await s.port(server);
  assert.throws(() => server.listen(0), {
    name: 'Error',
    code: 'ERR_SERVER_ALREADY_LISTEN',
    message: 'Listen method has been called more than once without closing.',
  });
  server.close();
  const error = await new Promise<unknown>((resolve) => server.close(resolve));
  const { name, code, message } = error as NodeJS.ErrnoException;
  assert.deepEqual(
    [name, code, message],
    ['Error', 'ERR_SERVER_NOT_RUNNING', 'Server is not running.'],
  );
});

row('a write to a socket that has no connection is ERR_SOCKET_CLOSED', async (s) => {
  const socket = s.own(new s.net.Socket());
  const failed = event<[NodeJS.ErrnoException]>(socket, 'error');
  const called = new Promise<unknown>((resolve) => socket.write('x', resolve));
  const [error] = await failed;
  assert.deepEqual([error.code, error.message], ['ERR_SOCKET_CLOSED', 'Socket is closed']);
  assert.equal(await called, error);
});
