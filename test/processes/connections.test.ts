/** C047, C048: what a server says of connections that were sent to children. */
import { OURS, prints } from '../kit/processes.js';

/** The manual's words, by the register hook: `child.send(message, socket)`. */
const PARENT = `
if (role === 'child') {
  const held = [];
  process.on('message', (message, socket) => {
    if (message === 'end one') held.pop().destroy();
    else held.push(socket);
    process.send(held.length);
  });
  return;
}
const server = net.createServer();
const client2 = async (port) => {
  const peer = client(port, '127.0.0.1');
  const [socket] = await once(server, 'connection');
  return { peer, socket };
};
const send = async (child, ...message) => {
  child.send(...message);
  await once(child, 'message');
};
`;

prints(
  'C047 connections is null once a socket was sent to a child made by fork',
  `${PARENT}
(async () => {
  const child = fork('child');
  const port = await listen(server);
  const { socket } = await client2(port);
  say(server.connections);
  await send(child, 'take', socket);
  say(server.connections);
  const own = await client2(port);
  say(server.connections);
  child.kill('SIGKILL');
  await once(child, 'exit');
  own.socket.destroy();
  await until(() => own.peer.ended);
  say(server.connections);
  server.close(() => say('closed', server.connections));
})();
`,
  ['1', 'null', 'null', 'null', 'closed null'],
  { on: OURS },
);

prints(
  'C048 getConnections counts those sent to forks as well, as long as they live',
  `${PARENT}
(async () => {
  const children = [fork('child'), fork('child')];
  const port = await listen(server);
  const kept = await client2(port);
  for (const child of [...children, children[0]]) {
    await send(child, 'take', (await client2(port)).socket);
  }
  say(await count(server));
  let later = false;
  const sync = new Promise((resolve) => server.getConnections(() => resolve(later)));
  later = true;
  say('asynchronous', await sync);
  await send(children[0], 'end one');
  await until(async () => (await count(server)) === 3);
  children[1].kill('SIGKILL');
  await until(async () => (await count(server)) === 2);
  kept.socket.destroy();
  await until(async () => (await count(server)) === 1);
  let closed = false;
  server.close(() => { closed = true; });
  say(await count(server), closed);
  children[0].kill('SIGKILL');
  await until(() => closed);
  say(await count(server));
})();
`,
  ['4', 'asynchronous true', '1 false', '0'],
  { on: OURS },
);
