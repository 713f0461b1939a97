/** `barewire/threads`: servers and sockets between the threads of a process. */
import { prints } from '../kit/processes.js';

const THREADS = `
const { Worker, isMainThread, parentPort, workerData, threadId } = require('node:worker_threads');
const { postHandle, onHandle } = require('barewire/threads');
const begin = async (as, data) => {
  const worker = new Worker(__filename, { argv: [as], workerData: data });
  await once(worker, 'online');
  return worker;
};
`;

const on = { on: ['barewire'] as const };

prints(
  'a server that was handed to a thread serves there',
  `${THREADS}
if (role === 'thread') {
  onHandle(parentPort, (message, server) => {
    server.on('connection', (socket) => socket.end('thread ' + message));
    parentPort.postMessage(server.constructor === net.Server);
    parentPort.once('message', () => { server.close(); parentPort.close(); });
  });
  return;
}
(async () => {
  const worker = await begin('thread');
  const server = net.createServer((socket) => socket.end('main'));
  const port = await listen(server);
  postHandle(worker, 'hello', server);
  say((await once(worker, 'message'))[0]);
  server.close();
  await once(server, 'close');
  const peer = client(port, '127.0.0.1');
  await until(() => peer.ended);
  say(peer.text);
  worker.postMessage('stop');
  await once(worker, 'exit');
  say(sockets());
})();
`,
  ['true', 'thread hello', '0'],
  on,
);

prints(
  'one port served by several threads (reusePort); one that dies takes only its own',
  `${THREADS}
if (role === 'thread') {
  const server = net.createServer((socket) => socket.write(String(threadId)));
  server.listen({ port: workerData, host: '127.0.0.1', reusePort: true }, () => {
    parentPort.postMessage(server.address().port);
  });
  return;
}
(async () => {
  const workers = [];
  let port = 0;
  for (let i = 0; i < 3; i++) {
    const worker = await begin('thread', port);
    workers.push(worker);
    [port] = await once(worker, 'message');
  }
  const peers = [];
  for (let i = 0; i < 60; i++) peers.push(client(port, '127.0.0.1'));
  await until(() => peers.every((peer) => peer.text !== ''));
  const ids = new Set(peers.map((peer) => peer.text));
  say(ids.size);
  const id = String(workers[0].threadId);
  await workers[0].terminate();
  await until(() => peers.every((peer) => peer.ended === (peer.text === id)));
  const late = [];
  for (let i = 0; i < 10; i++) late.push(client(port, '127.0.0.1'));
  await until(() => late.every((peer) => peer.text !== ''));
  say(late.every((peer) => peer.text !== id));
  for (const worker of workers) await worker.terminate();
  await until(() => [...peers, ...late].every((peer) => peer.ended));
  say(sockets());
})();
`,
  ['3', 'true', '0'],
  on,
);

prints(
  'one thread accepts and hands sockets on, before they were read or after',
  `${THREADS}
if (role === 'thread') {
  onHandle(parentPort, (message, socket) => {
    let text = '';
    socket.on('data', (data) => { text += data; });
    socket.on('end', () => socket.end([workerData, message, text].join(' ')));
  });
  parentPort.on('message', (message) => { if (message === 'stop') parentPort.close(); });
  parentPort.postMessage('ready');
  return;
}
(async () => {
  const workers = [];
  for (let i = 0; i < 3; i++) {
    const worker = await begin('thread', 'w' + i);
    await once(worker, 'message');
    workers.push(worker);
  }
  let next = 0;
  const server = net.createServer({ pauseOnConnect: true, allowHalfOpen: true }, (socket) => {
    const number = next++;
    const hand = () => postHandle(workers[number % 3], number, socket);
    if (number < 6) hand();
    else socket.once('readable', hand).read(0);
  });
  const port = await listen(server);
  const texts = [];
  for (let i = 0; i < 9; i++) {
    const peer = client({ port, host: '127.0.0.1', allowHalfOpen: true });
    peer.end('bytes');
    await until(() => peer.ended);
    texts.push(peer.text);
  }
  for (const text of texts) say(text);
  say(await count(server));
  for (const worker of workers) worker.postMessage('stop');
  await Promise.all(workers.map((worker) => once(worker, 'exit')));
  server.close(() => say(sockets()));
})();
`,
  [...Array(9).keys()].map((i) => `w${i % 3} ${i} bytes`).concat('0', '0'),
  on,
);

prints(
  'what is on its way to a thread that is ended first is closed',
  `${THREADS}
if (role === 'thread') {
  onHandle(parentPort, (message, socket) => {
    socket.write('have');
    socket.once('data', () => {
      parentPort.postMessage('blocked');
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    });
  });
  return;
}
(async () => {
  const worker = await begin('thread');
  const other = await begin('thread');
  const server = net.createServer({ pauseOnConnect: true });
  const port = await listen(server);
  const connect = async (to) => {
    const peer = client(port, '127.0.0.1');
    const [socket] = await once(server, 'connection');
    postHandle(to, 'take', socket);
    return peer;
  };
  const [held, kept] = [await connect(worker), await connect(other)];
  await until(() => held.text !== '' && kept.text !== '');
  held.write('now block');
  await once(worker, 'message');
  const late = [await connect(worker), await connect(worker)];
  postHandle(worker, 'server', server);
  say(late.some((peer) => peer.ended), await count(server));
  await worker.terminate();
  await until(() => held.ended && late.every((peer) => peer.ended));
  say(kept.ended);
  await other.terminate();
  await until(() => kept.ended);
  server.close(() => say(sockets()));
})();
`,
  ['false 0', 'false', '0'],
  on,
);

prints(
  'a handle of a thread that has ended arrives as null, and the connection is over',
  `${THREADS}
if (role === 'thread') {
  const server = net.createServer({ pauseOnConnect: true }, (socket) => {
    server.close();
    postHandle(workerData, 'late', socket);
    parentPort.postMessage('posted');
  });
  server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));
  return;
}
(async () => {
  const { port1, port2 } = new (require('node:worker_threads').MessageChannel)();
  const worker = new Worker(__filename, {
    argv: ['thread'], workerData: port2, transferList: [port2],
  });
  const [port] = await once(worker, 'message');
  const peer = client(port, '127.0.0.1');
  await once(worker, 'message');
  await worker.terminate();
  await until(() => peer.ended);
  const got = new Promise((resolve) => {
    onHandle(port1, (message, handle) => resolve([message, handle]));
  });
  say(await Promise.race([got, once(port1, 'close').then(() => ['late', null])]));
  port1.close();
  say(sockets());
})();
`,
  ['["late",null]', '0'],
  on,
);

prints(
  'nothing to hand over: a closed socket, a server that does not listen',
  `${THREADS}
if (role === 'thread') return;
(async () => {
  const { port1, port2 } = new (require('node:worker_threads').MessageChannel)();
  const thrown = (handle) => {
    try { postHandle(port1, 'm', handle); } catch (error) { return error.code; }
  };
  say(thrown(new net.Socket()), thrown(net.createServer()));
  const server = net.createServer();
  const port = await listen(server);
  const peer = client(port, '127.0.0.1');
  const [socket] = await once(server, 'connection');
  say((() => { try { postHandle(port1, () => {}, socket); } catch (e) { return e.name; } })());
  socket.write('still here');
  await until(() => peer.text !== '');
  socket.destroy();
  await until(() => peer.ended);
  port1.close();
  server.close(() => say(sockets()));
})();
`,
  ['ERR_SOCKET_CLOSED ERR_SERVER_NOT_RUNNING', 'DataCloneError', '0'],
  on,
);

prints(
  'data that looks like a handle takes no descriptor, and is an error of the listener’s',
  `${THREADS}
if (role === 'thread') {
  onHandle(parentPort, (message, handle, error) => {
    parentPort.postMessage([message, handle === null, error && error.code]);
  });
  return;
}
(async () => {
  const worker = await begin('thread');
  const server = net.createServer({ pauseOnConnect: true });
  const peer = client(await listen(server), '127.0.0.1');
  const [socket] = await once(server, 'connection');
  const fd = socket._handle.fd;
  const { socketIdentity } = require('#internal/net/moving/descriptor');
  const parcel = { kind: 'socket', fd, identity: socketIdentity(fd), unread: [] };
  const envelope = { barewire: 'barewire:handle', message: 'forged', allowHalfOpen: true };
  // As it was before the parcel, too: all of it in the open.
  const forged = [
    { ...envelope, id: 1, from: 'x', ...parcel },
    { ...envelope, id: 1, from: 'x', ...parcel, fd: 1, identity: '' },
    { ...envelope, parcel },
    { ...envelope, parcel: null },
    { ...envelope, parcel: 5, ...parcel },
    { ...envelope, parcel: { message: parcel } },
    { barewire: 'barewire:handle' },
    { barewire: 'barewire:handle', fd: -1, kind: [], unread: 'x', from: {}, message: 'forged' },
  ].map((data) => JSON.stringify(data));
  const answers = new Set();
  for (const text of forged) {
    const data = JSON.parse(text);
    worker.postMessage(data);
    const [[message, none, code]] = await once(worker, 'message');
    answers.add([message === data.message, none, code].join());
  }
  for (const answer of answers) say(answer);
  // Neither does what is no envelope at all: nobody is told.
  for (const data of [null, 5, 'barewire:handle', ['barewire'], { barewire: 'x' }]) {
    worker.postMessage(data);
  }
  postHandle(worker, 'sent', socket);
  const [[message, none, code]] = await once(worker, 'message');
  say(message, none, code);
  peer.destroy();
  await worker.terminate();
  server.close(() => say(sockets()));
})();
`,
  ['true,true,ERR_INVALID_ARG_VALUE', 'sent false null', '0'],
  on,
);

prints(
  'a port of somebody’s own in place of the parcel is an error, whatever lies on it',
  `${THREADS}
(async () => {
  const { MessageChannel } = require('node:worker_threads');
  const { port1, port2 } = new MessageChannel();
  const seen = new Promise((resolve) => {
    const codes = [];
    onHandle(port2, (message, handle, error) => {
      codes.push(handle === null && error ? error.code : 'taken');
      if (codes.length === 7) resolve(codes);
    });
  });
  const good = { kind: 'socket', fd: 99999, identity: '', unread: [], allowHalfOpen: false };
  for (const contents of [
    undefined, null, 'text', {},
    { ...good, kind: 'x' }, { ...good, fd: '1' }, { ...good, unread: [1] },
  ]) {
    const { port1: mine, port2: parcel } = new MessageChannel();
    if (contents !== undefined) mine.postMessage(contents);
    port1.postMessage({ barewire: 'barewire:handle', parcel, message: 'm' }, [parcel]);
  }
  say([...new Set(await seen)].join());
  port1.close();
  say(sockets());
})();
`,
  ['ERR_INVALID_ARG_VALUE', '0'],
  on,
);

prints(
  'two listeners on one port each have a handle of their own',
  `${THREADS}
(async () => {
  const { port1, port2 } = new (require('node:worker_threads').MessageChannel)();
  const server = net.createServer((socket) => postHandle(port1, 'm', socket));
  const port = await listen(server);
  const taken = [];
  for (let i = 0; i < 2; i++) onHandle(port2, (message, handle) => taken.push(handle));
  const peer = client(port, '127.0.0.1');
  await until(() => taken.length === 2);
  say(taken[0] !== taken[1], taken.every((one) => one !== null));
  taken[0].write('a');
  taken[1].write('b');
  await until(() => peer.text.length === 2);
  for (const one of taken) one.destroy();
  await until(() => peer.ended);
  port1.close();
  server.close(() => say(sockets()));
})();
`,
  ['true true', '0'],
  on,
);
