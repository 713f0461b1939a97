/** `child.send(message, socket)` and `child.send(message, server)`. */
import { ALL, OURS, prints } from '../kit/processes.js';

prints(
  'a socket that is sent arrives as one of this module, with what was not read',
  `
if (role === 'child') {
  process.on('message', (message, socket) => {
    const ours = socket.constructor === net.Socket;
    socket.on('data', (data) => socket.end(['child', message, data, ours].join(' ')));
    socket.on('close', () => process.disconnect());
  });
} else (async () => {
  const child = fork('child');
  const server = net.createServer({ pauseOnConnect: true });
  const port = await listen(server);
  const peer = client(port);
  peer.write('hello');
  const [socket] = await once(server, 'connection');
  let events = '';
  for (const event of ['close', 'end', 'error']) socket.on(event, () => { events += event; });
  say('before', socket.constructor === net.Socket, await count(server));
  say('send', child.send('take', socket, (error) => say('sent', error, socket._handle)));
  await until(() => peer.ended);
  say(peer.text);
  say('after', socket.destroyed, socket._handle, events, socket.remoteAddress);
  server.close(() => say('closed', sockets()));
})();
`,
  [
    'before true 1',
    'send true',
    'sent null null',
    'child take hello true',
    'after false null  ',
    'closed 0',
  ],
);

prints(
  'a server that is sent serves in the child, also when the parent has closed its own',
  `
if (role === 'child') {
  process.on('message', (message, server) => {
    if (message !== 'server') { server2.close(); process.disconnect(); return; }
    global.server2 = server;
    server.on('connection', (socket) => socket.end('child ' + server.address().port));
    process.send([server.constructor === net.Server, server.listening]);
  });
} else (async () => {
  const child = failing(fork('child'));
  const server = net.createServer();
  const port = await listen(server);
  child.send('server', server);
  const [answer] = await once(child, 'message');
  say(answer, server.listening);
  server.close();
  await once(server, 'close');
  const peer = client(port, '127.0.0.1');
  await until(() => peer.ended);
  say(peer.text === 'child ' + port);
  child.send('stop');
  await once(child, 'exit');
  const late = net.connect(port, '127.0.0.1');
  const [error] = await once(late, 'error');
  say(error.code, sockets());
})();
`,
  ['[true,true] true', 'true', 'ECONNREFUSED 0'],
);

prints(
  'keepOpen leaves the socket in both processes',
  `
if (role === 'child') {
  process.once('message', (message, socket) => {
    socket.write('from the child', () => process.send('written'));
    process.once('message', () => { socket.destroy(); process.disconnect(); });
  });
} else (async () => {
  const child = failing(fork('child'));
  const server = net.createServer({ pauseOnConnect: true });
  const port = await listen(server);
  const peer = client(port, '127.0.0.1');
  const [socket] = await once(server, 'connection');
  child.send('take', socket, { keepOpen: true });
  await once(child, 'message');
  say(socket._handle !== null, server._connections);
  socket.write(' and the parent');
  await until(() => peer.text.length === 29);
  say(peer.text);
  child.send('stop');
  await once(child, 'exit');
  say(peer.ended);
  socket.destroy();
  await until(() => peer.ended);
  server.close(() => say('closed', sockets()));
})();
`,
  ['true 1', 'from the child and the parent', 'false', 'closed 0'],
  // A server of node:net whose children have gone waits for them without end.
  { on: OURS },
);

prints(
  'a child sends a socket to its parent',
  `
if (role === 'child') {
  const server = net.createServer({ pauseOnConnect: true }, (socket) => {
    process.send('up', socket);
    server.close();
    process.disconnect();
  });
  server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
} else (async () => {
  const child = failing(fork('child'));
  const [{ port }] = await once(child, 'message');
  const peer = client(port, '127.0.0.1');
  peer.write('x');
  const [message, socket] = await once(child, 'message');
  say(message, socket.constructor === net.Socket);
  socket.on('data', (data) => socket.end('parent ' + data));
  await until(() => peer.ended);
  say(peer.text, sockets());
})();
`,
  ['up true', 'parent x 0'],
);

prints(
  'what can not be sent: no handle any more, no handle at all, no message',
  `
if (role === 'child') {
  process.on('message', (message, handle) => {
    process.send([message, handle === undefined]);
    if (message === 'last') process.disconnect();
  });
} else (async () => {
  const child = failing(fork('child'));
  const server = net.createServer();
  const port = await listen(server);
  const peer = client(port, '127.0.0.1');
  const [socket] = await once(server, 'connection');
  for (const args of [['m', {}], [undefined, socket], [Symbol('s'), socket], ['m', 5]]) {
    try { child.send(...args); } catch (error) { say(error.code); }
  }
  socket.write('still here');
  await until(() => peer.text !== '');
  say(peer.text, await count(server));
  socket.destroy();
  const idle = net.createServer();
  for (const args of [['closed', socket], ['not listening', idle], ['last', null]]) {
    child.send(...args);
    say((await once(child, 'message'))[0]);
  }
  await once(child, 'disconnect');
  child.once('error', (error) => say(error.code));
  say(child.send('late', server));
  server.close(() => say('closed', sockets()));
})();
`,
  [
    'ERR_INVALID_HANDLE_TYPE',
    'ERR_MISSING_ARGS',
    'ERR_INVALID_ARG_TYPE',
    'ERR_INVALID_HANDLE_TYPE',
    'still here 1',
    '["closed",true]',
    '["not listening",true]',
    '["last",true]',
    'false',
    'ERR_IPC_CHANNEL_CLOSED',
    'closed 0',
  ],
);

prints(
  'a child that listens for messages late gets the bytes that came meanwhile',
  `
const flag = process.env.FOLDER + '/flag';
if (role === 'child') (async () => {
  process.channel.ref();
  await until(() => fs.existsSync(flag));
  process.on('message', (message, socket) => {
    let text = '';
    socket.on('data', (data) => { text += data; });
    socket.on('end', () => { socket.end('got ' + text); });
  });
})(); else (async () => {
  const child = failing(fork('child'));
  const server = net.createServer({ pauseOnConnect: true });
  const port = await listen(server);
  const peer = client({ port, host: '127.0.0.1', allowHalfOpen: true });
  const [socket] = await once(server, 'connection');
  child.send('take', socket);
  await until(() => sockets(child.pid) > 0);
  peer.write('early ');
  // The child's channel made a socket that reads by itself: it has read when nothing waits.
  const inKernel = () => fs.readFileSync('/proc/net/tcp', 'utf8').split('\\n').some((line) => {
    const [, local, , , queues] = line.trim().split(/\\s+/);
    return local?.endsWith(':' + port.toString(16).toUpperCase().padStart(4, '0'))
      && !queues.endsWith(':00000000');
  });
  await until(() => peer.bytesWritten === 6 && !inKernel());
  fs.writeFileSync(flag, '');
  peer.end('late');
  await until(() => peer.ended);
  say(peer.text);
  // The child stays till then: the built-in asks it what it still has, and waits for its answer.
  server.close(() => { say('closed', sockets()); child.disconnect(); });
})();
`,
  ['got early late', 'closed 0'],
  { on: ALL },
);

prints(
  'what was written before the socket was sent goes out all the same',
  `
if (role === 'child') {
  process.on('message', (message, socket) => {
    process.send('have');
    process.once('message', () => { socket.end('end'); process.disconnect(); });
  });
} else (async () => {
  const child = failing(fork('child'));
  const server = net.createServer({ pauseOnConnect: true });
  const port = await listen(server);
  const peer = net.connect(port, '127.0.0.1');
  const [socket] = await once(server, 'connection');
  let written = false;
  socket.write(Buffer.alloc(16 * 1024 * 1024, 'a'), () => { written = true; });
  child.send('take', socket);
  await once(child, 'message');
  let length = 0;
  peer.on('data', (data) => { length += data.length; });
  await until(() => length === 16 * 1024 * 1024);
  child.send('now');
  await once(peer, 'close');
  say(length, written);
  server.close(() => say('closed', sockets()));
})();
`,
  [`${16 * 1024 * 1024 + 3} true`, 'closed 0'],
  { on: OURS },
);

prints(
  'a socket and a server of a UNIX path are sent as well',
  `
if (role === 'child') {
  process.on('message', (message, handle) => {
    if (message === 'socket') handle.end('child ' + (handle.constructor === net.Socket));
    else handle.on('connection', (socket) => {
      socket.end('served ' + (handle.constructor === net.Server));
      handle.close();
      process.disconnect();
    });
    process.send('have');
  });
} else (async () => {
  const child = failing(fork('child'));
  const path = process.env.FOLDER + '/s';
  const server = net.createServer({ pauseOnConnect: true });
  server.listen(path);
  await once(server, 'listening');
  const peer = client(path);
  const [socket] = await once(server, 'connection');
  child.send('socket', socket);
  await once(child, 'message');
  await until(() => peer.ended);
  await until(async () => (await count(server)) === 0);
  say(peer.text);
  child.send('server', server);
  await once(child, 'message');
  server.on('connection', (socket) => socket.end('parent', () => socket.destroy()));
  const texts = new Set();
  while (!texts.has('served true')) {
    const peer = client(path);
    await until(() => peer.ended);
    texts.add(peer.text);
  }
  say(fs.existsSync(path));
  server.close(() => say('closed', fs.existsSync(path)));
})();
`,
  ['child true', 'true', 'closed false'],
);
