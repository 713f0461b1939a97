/** `cluster`: code written for `node:net` runs unchanged. */
import { ALL, OURS, prints } from '../kit/processes.js';

const CLUSTER = `
const cluster = require('node:cluster');
if (process.env.POLICY === 'none') cluster.schedulingPolicy = cluster.SCHED_NONE;
const address = process.env.WHERE === 'path'
  ? process.env.FOLDER + '/s'
  : { port: 0, host: '127.0.0.1' };
/** Forks a worker and waits until it listens. */
const begin = async (env) => {
  const worker = cluster.fork(env);
  const [where] = await once(worker, 'listening');
  return { worker, id: worker.id, port: where.port };
};
const target = ({ port }) => (process.env.WHERE === 'path' ? address : { port, host: '127.0.0.1' });
/** A connection, and the id of the worker that has it. */
const visit = async (to) => {
  const peer = client(target(to));
  await until(() => peer.text !== '' || peer.ended);
  return { peer, id: Number(peer.text) };
};
`;

const WORKER = `
if (cluster.isWorker) {
  const server = net.createServer((socket) => {
    socket.on('error', () => {});
    socket.write(String(cluster.worker.id));
  });
  server.listen(address);
  return;
}
`;

const MODES = [
  { POLICY: 'rr' },
  { POLICY: 'none' },
  { POLICY: 'rr', WHERE: 'path' },
  { POLICY: 'none', WHERE: 'path' },
];

for (const env of MODES) {
  const mode = Object.values(env).join(', ');
  prints(
    `workers share what they listen on; a killed one takes its own connections only (${mode})`,
    `${CLUSTER}${WORKER}
(async () => {
  const workers = [await begin(), await begin(), await begin()];
  say('one port', workers.every(({ port }) => port === workers[0].port));
  const visits = [];
  for (let i = 0; i < 30; i++) visits.push(await visit(workers[0]));
  const of = (id) => visits.filter((visit) => visit.id === id);
  const counts = workers.map(({ id }) => of(id).length);
  say('all served', counts.reduce((a, b) => a + b));
  if (process.env.POLICY === 'rr') say('spread', Math.max(...counts) - Math.min(...counts) <= 2);
  const lost = workers.find(({ id }) => of(id).length > 0);
  lost.worker.process.kill('SIGKILL');
  await until(() => of(lost.id).every(({ peer }) => peer.ended));
  say('the others live', visits.every(({ id, peer }) => id === lost.id || !peer.ended));
  await until(() => Object.keys(cluster.workers).length === 2);
  const restarted = await begin();
  say('same port', restarted.port === workers[0].port);
  for (let i = 0; i < 8; i++) visits.push(await visit(restarted));
  say('served', visits.slice(30).every(({ id }) => id > 0 && id !== lost.id));
  if (process.env.POLICY === 'rr') say('restarted serves', of(restarted.id).length > 0);
  for (const { peer } of visits) peer.destroy();
  cluster.disconnect(() => say('disconnected'));
})();
`,
    [
      'one port true',
      'all served 30',
      ...(env.POLICY === 'rr' ? ['spread true'] : []),
      'the others live true',
      'same port true',
      'served true',
      ...(env.POLICY === 'rr' ? ['restarted serves true'] : []),
      'disconnected',
    ],
    { env },
  );
}

prints(
  'a worker that disconnects waits for its connections',
  `${CLUSTER}${WORKER}
(async () => {
  const { worker, port } = await begin();
  const { peer } = await visit({ port });
  let gone = false;
  worker.on('disconnect', () => { gone = true; });
  worker.disconnect();
  const late = net.connect(port, '127.0.0.1');
  const [error] = await once(late, 'error');
  say(error.code, gone, peer.ended);
  peer.end();
  await once(worker, 'exit');
  // The end of a process, of its channel and of its connections are told in no fixed order.
  await until(() => gone && peer.ended && sockets() === 0);
  say(gone, worker.exitedAfterDisconnect, sockets());
})();
`,
  ['ECONNREFUSED false false', 'true true 0'],
);

prints(
  'exclusive: each worker has a port of its own, and the same port is in use',
  `${CLUSTER}
if (cluster.isWorker) {
  const server = net.createServer();
  server.on('error', (error) => process.send(error.code));
  server.on('listening', () => process.send(server.address().port));
  server.listen({ port: Number(process.env.PORT), host: '127.0.0.1', exclusive: true });
  return;
}
const answer = async (worker) => (await once(worker, 'message'))[0];
(async () => {
  const [one, two] = [cluster.fork({ PORT: 0 }), cluster.fork({ PORT: 0 })];
  const [port, other] = await Promise.all([answer(one), answer(two)]);
  say(port > 0, other > 0, port !== other);
  say(await answer(cluster.fork({ PORT: port })));
  one.process.kill('SIGKILL');
  await once(one, 'exit');
  say((await answer(cluster.fork({ PORT: port }))) === port);
  for (const { process: { pid } } of Object.values(cluster.workers)) process.kill(pid, 'SIGKILL');
})();
`,
  ['true true true', 'EADDRINUSE', 'true'],
);

for (const POLICY of ['rr', 'none']) {
  prints(
    `a port that somebody else has is an error in the worker, which can try again (${POLICY})`,
    `${CLUSTER}
if (cluster.isWorker) {
  const server = net.createServer((socket) => socket.end('1'));
  const events = [];
  for (const event of ['error', 'close', 'listening']) server.on(event, () => events.push(event));
  server.on('error', ({ code, syscall, address, port, message }) => {
    process.send([code, syscall, address, port === Number(process.env.PORT), server.listening]);
    process.once('message', () => server.listen(port, address));
  });
  server.listen(Number(process.env.PORT), '127.0.0.1');
  return;
}
(async () => {
  const other = net.createServer();
  const port = await listen(other);
  const worker = cluster.fork({ PORT: port });
  say((await once(worker, 'message'))[0]);
  other.close();
  await once(other, 'close');
  worker.send('again');
  await once(worker, 'listening');
  const { peer, id } = await visit({ port });
  say(id);
  cluster.disconnect(() => say('disconnected'));
})();
`,
    ['["EADDRINUSE","bind","127.0.0.1",true,false]', '1', 'disconnected'],
    // Node 24 and newer fail an assertion of their own where such a worker tries again.
    POLICY === 'none' ? { env: { POLICY }, on: OURS } : { env: { POLICY } },
  );
}

prints(
  'a worker that closes its server leaves the port to the others, and can listen again',
  `${CLUSTER}
if (cluster.isWorker) {
  const server = net.createServer((socket) => socket.end(String(cluster.worker.id)));
  server.listen(address, () => process.send('listening'));
  process.on('message', (message) => {
    if (message === 'close') server.close(() => process.send('closed ' + server.listening));
    else server.listen(address, () => process.send('listening ' + (server.address().port > 0)));
  });
  return;
}
(async () => {
  const [one, two] = [await begin(), await begin()];
  one.worker.send('close');
  say((await once(one.worker, 'message'))[0]);
  const ids = new Set();
  for (let i = 0; i < 6; i++) ids.add((await visit(two)).id);
  say([...ids]);
  one.worker.send('listen');
  say((await once(one.worker, 'message'))[0]);
  cluster.disconnect(() => say('disconnected'));
})();
`,
  ['closed false', '[2]', 'listening true', 'disconnected'],
);

prints(
  'a worker that has maxConnections leaves the next one to another worker',
  `${CLUSTER}
if (cluster.isWorker) {
  const server = net.createServer((socket) => socket.write(String(cluster.worker.id)));
  server.maxConnections = 2;
  server.listen(address);
  return;
}
(async () => {
  const [one, two] = [await begin(), await begin()];
  const ids = [];
  for (let i = 0; i < 4; i++) ids.push((await visit(one)).id);
  say(ids.filter((id) => id === 1).length, ids.filter((id) => id === 2).length);
  process.exit();
})();
`,
  ['2 2'],
);

prints(
  'with dropMaxConnection a worker drops what is over maxConnections itself',
  `${CLUSTER}
if (cluster.isWorker) {
  const server = net.createServer((socket) => socket.write(String(cluster.worker.id)));
  server.maxConnections = 1;
  server.dropMaxConnection = true;
  server.on('drop', () => process.send('dropped'));
  server.listen(address);
  return;
}
(async () => {
  const { worker, port } = await begin();
  const { id } = await visit({ port });
  const over = client(port, '127.0.0.1');
  say(id, (await once(worker, 'message'))[0]);
  await until(() => over.ended);
  say(over.text === '');
  process.exit();
})();
`,
  ['1 dropped', 'true'],
  // The built-in has it from Node 22.12 on; ours has it everywhere.
  { on: Number(process.versions.node.split('.')[0]) >= 24 ? ALL : OURS },
);

prints(
  'workers end when their primary is killed',
  `${CLUSTER}${WORKER}
if (role !== 'primary') (async () => {
  const primary = fork('primary', { stdio: 'pipe' });
  const [{ pid, port }] = await once(primary, 'message');
  const peer = client(port, '127.0.0.1');
  await until(() => peer.text !== '');
  primary.kill('SIGKILL');
  await until(() => peer.ended && !fs.existsSync('/proc/' + pid));
  say('ended', sockets());
})(); else (async () => {
  const { worker, port } = await begin();
  process.send({ pid: worker.process.pid, port });
})();
`,
  ['ended 0'],
);

prints(
  'an unreferenced server does not keep a worker, and one that listens does',
  `${CLUSTER}
if (cluster.isWorker) {
  const server = net.createServer().unref();
  server.listen(address, () => {
    process.send('listening');
    process.channel.unref();
  });
  return;
}
(async () => {
  const worker = cluster.fork();
  const [code] = await once(worker, 'exit');
  say(code);
})();
`,
  ['0'],
  { on: OURS },
);

prints(
  'messages between primary and worker carry sockets',
  `${CLUSTER}
if (cluster.isWorker) {
  process.on('message', (message, socket) => {
    socket.end('worker ' + message + ' ' + (socket.constructor === net.Socket));
  });
  return;
}
(async () => {
  const worker = cluster.fork();
  const server = net.createServer({ pauseOnConnect: true });
  const port = await listen(server);
  const peer = client(port, '127.0.0.1');
  const [socket] = await once(server, 'connection');
  worker.send('take', socket);
  await until(() => peer.ended);
  say(peer.text);
  server.close();
  await once(server, 'close');
  cluster.disconnect(() => say('disconnected', sockets()));
})();
`,
  ['worker take true', 'disconnected 0'],
  { on: ALL },
);
