/**
 * The parent is killed: the sockets and servers that it sent go on in the child, and nothing is
 * left behind.
 */
import { ok, strictEqual } from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { test } from 'node:test';
import { ALL, start } from '../kit/processes.js';
import { event, until } from '../kit/wait.js';

const PROGRAM = `
if (role === 'child') {
  process.on('message', (message, handle) => {
    if (message === 'socket') handle.on('data', (data) => handle.write('child ' + data));
    else handle.on('connection', (socket) => { socket.end('served'); handle.close(); });
    if (message === 'socket') handle.on('error', () => {});
    process.send('have');
  });
} else (async () => {
  const child = fork('child');
  const server = net.createServer({ pauseOnConnect: true });
  const port = await listen(server);
  say('port', port, child.pid);
  const [socket] = await once(server, 'connection');
  child.send('socket', socket);
  await once(child, 'message');
  child.send('server', server);
  await once(child, 'message');
  say('ready');
  await once(process, 'never');
})();
`;

for (const make of ALL) {
  test(`a socket and a server live on where the parent is killed [${make}]`, async (t) => {
    const parent = start(t, make, PROGRAM);
    const [, port, pid] = (await parent.printed(/port \d+ \d+\n/)).split(/\s/);
    const peer = connect(Number(port), '127.0.0.1').setEncoding('utf8');
    t.after(() => peer.destroy());
    let text = '';
    peer.on('data', (data: string) => {
      text += data;
    });
    await parent.printed(/ready/);
    parent.child.kill('SIGKILL');
    await event(parent.child, 'exit');
    peer.write('hello');
    await until(() => text === 'child hello', 'the echo of the child');
    const late = connect(Number(port), '127.0.0.1').setEncoding('utf8');
    const [served] = await event<[string]>(late, 'data');
    strictEqual(served, 'served');
    ok(existsSync(`/proc/${pid}`));
    peer.end();
    await until(() => !existsSync(`/proc/${pid}`), 'the child to end by itself');
  });
}
