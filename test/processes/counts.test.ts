/**
 * How many connections a server counts while children have some of them, and what closing it waits
 * for.
 */
import { OURS, prints } from '../kit/processes.js';

/** The child holds what it gets, and says so. */
const HOLDER = `
if (role === 'holder') {
  const held = [];
  process.on('message', (message, socket) => {
    if (message === 'drop') { held.pop().destroy(); return; }
    if (message === 'leave') {
      for (const one of held) one.destroy();
      process.disconnect();
      return;
    }
    held.push(socket);
    socket.on('error', () => {});
    process.send('have ' + held.length);
  });
  return;
}
const server = net.createServer({ pauseOnConnect: true });
const connect = async (port) => {
  const peer = client(port, '127.0.0.1');
  const [socket] = await once(server, 'connection');
  return { peer, socket };
};
const give = async (port, child) => {
  const { peer, socket } = await connect(port);
  child.send('take', socket);
  await once(child, 'message');
  return peer;
};
const exited = (child) => child.exitCode !== null || child.signalCode !== null;
`;

prints(
  'the count is that of parent and children together, and right when children die',
  `${HOLDER}
(async () => {
  const port = await listen(server);
  const [one, two] = [fork('holder'), fork('holder')];
  await connect(port);
  await connect(port);
  say(await count(server), server._connections);
  const first = [await give(port, one), await give(port, one), await give(port, one)];
  const second = [await give(port, two), await give(port, two)];
  say(await count(server), server._connections);
  one.send('drop');
  await until(async () => (await count(server)) === 6);
  two.kill('SIGKILL');
  await once(two, 'exit');
  say(await count(server));
  await until(() => second.every((peer) => peer.ended));
  let closed = false;
  server.close(() => { closed = true; });
  one.kill('SIGKILL');
  await once(one, 'exit');
  say(await count(server), closed);
  await until(() => first.every((peer) => peer.ended));
  process.exitCode = 0;
  say(closed);
  process.exit();
})();
`,
  ['2 2', '7 2', '4', '2 false', 'false'],
  { on: OURS },
);

prints(
  'a server that sent sockets closes when parent and children are done with them',
  `${HOLDER}
(async () => {
  const port = await listen(server);
  const child = fork('holder');
  const { peer, socket } = await connect(port);
  const sent = await give(port, child);
  let closed = 0;
  server.on('close', () => { closed++; });
  server.close();
  peer.destroy();
  socket.destroy();
  await until(() => server._connections <= 1 && socket.destroyed);
  say(closed, sent.ended);
  child.send('leave');
  await until(() => sent.ended && closed > 0);
  await until(() => exited(child));
  say(closed, sockets());
})();
`,
  ['0 false', '1 0'],
);

prints(
  'a server closes when the child that had its sockets is killed',
  `${HOLDER}
(async () => {
  const port = await listen(server);
  const child = fork('holder');
  const peers = [await give(port, child), await give(port, child)];
  let closed = 0;
  server.on('close', () => { closed++; });
  server.close();
  child.kill('SIGKILL');
  await until(() => closed > 0 && exited(child) && peers.every((peer) => peer.ended));
  say(closed, sockets());
})();
`,
  ['1 0'],
);

prints(
  'a child that dies gives no error to who counts',
  `${HOLDER}
(async () => {
  const port = await listen(server);
  const children = [];
  for (let i = 0; i < 3; i++) children.push(fork('holder'));
  const { socket } = await connect(port);
  for (const child of children) await give(port, child);
  say(await count(server));
  const seen = new Set();
  for (const child of children) {
    child.kill('SIGKILL');
    while (!exited(child)) {
      seen.add(await count(server));
      await new Promise(setImmediate);
    }
  }
  say(await count(server), [...seen].every((n) => n >= 1 && n <= 4));
  socket.destroy();
  server.close();
  await once(server, 'close');
  await until(() => sockets() === 0);
  say('closed', sockets());
})();
`,
  ['4', '1 true', 'closed 0'],
  { on: OURS },
);

prints(
  'sockets on their way to a child that is killed first are closed, and not counted',
  `${HOLDER}
(async () => {
  const port = await listen(server);
  const child = fork('holder');
  const kept = await give(port, child);
  const connections = [];
  for (let i = 0; i < 5; i++) connections.push(await connect(port));
  child.kill('SIGSTOP');
  for (const { socket } of connections) child.send('take', socket);
  child.kill('SIGKILL');
  await until(() => kept.ended && connections.every(({ peer }) => peer.ended));
  await until(() => exited(child));
  await until(async () => (await count(server)) === 0);
  say(server._connections, server.listening);
  server.close(() => say('closed', sockets()));
})();
`,
  ['0 true', 'closed 0'],
  { on: OURS },
);

prints(
  'two servers of one address are counted apart',
  `${HOLDER}
(async () => {
  const child = fork('holder');
  const port = await listen(server);
  const other = net.createServer({ pauseOnConnect: true });
  const otherPort = await listen(other);
  await give(port, child);
  await give(port, child);
  const peer = client(otherPort, '127.0.0.1');
  const [socket] = await once(other, 'connection');
  child.send('take', socket);
  await once(child, 'message');
  say(await count(server), await count(other));
  other.close(() => say('other closed'));
  child.send('drop');
  await until(() => peer.ended);
  child.send('leave');
  server.close();
  await once(server, 'close');
  await until(() => sockets() === 0);
  say('closed', sockets());
})();
`,
  ['2 1', 'other closed', 'closed 0'],
  { on: OURS },
);

prints(
  'a server that was closed before its last socket was sent waits for the child',
  `${HOLDER}
(async () => {
  const child = fork('holder');
  const port = await listen(server);
  const { peer, socket } = await connect(port);
  let closed = 0;
  server.on('close', () => { closed++; });
  server.close();
  child.send('take', socket);
  await once(child, 'message');
  for (let i = 0; i < 20; i++) await new Promise(setImmediate);
  say(closed, await count(server));
  child.send('leave');
  await until(() => closed > 0 && peer.ended);
  await until(() => exited(child));
  say(closed, sockets());
})();
`,
  ['0 1', '1 0'],
  { on: OURS },
);

prints(
  'maxConnections counts what is in this process',
  `${HOLDER}
(async () => {
  server.maxConnections = 2;
  const port = await listen(server);
  const child = fork('holder');
  await give(port, child);
  await connect(port);
  await connect(port);
  let dropped = 0;
  server.on('drop', () => { dropped++; });
  const late = client(port, '127.0.0.1');
  await until(() => late.ended);
  say(dropped, await count(server));
  child.kill('SIGKILL');
  process.exit();
})();
`,
  ['1 3'],
);
