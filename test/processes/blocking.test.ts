/**
 * A child clears O_NONBLOCK on what it gets as its standard streams. The flag belongs to the open
 * file, so the parent's descriptor becomes blocking as well. The parent's event loop must not stand
 * still for that.
 */
import { OURS, prints } from '../kit/processes.js';

const PERL_FLAGS = `use Fcntl; print fcntl(STDIN, F_GETFL, 0) & O_NONBLOCK ? "no" : "yes"`;

/** Has a child make a descriptor blocking, and tells the longest pause of the loop from then on. */
const SHARED = `
const shared = (fd) => {
  const stdio = [fd, 'pipe', 2];
  return String(cp.spawnSync('perl', ['-e', ${JSON.stringify(PERL_FLAGS)}], { stdio }).stdout);
};
let last = Date.now();
let worst = 0;
const timer = setInterval(() => {
  const now = Date.now();
  worst = Math.max(worst, now - last - 10);
  last = now;
}, 10);
const begin = () => { last = Date.now(); worst = 0; };
const pause = () => {
  clearInterval(timer);
  return worst < 1000 ? 'no pause' : 'a pause of ' + worst;
};
`;

prints(
  'a connection that a child has as its standard input is written to without waiting',
  `${SHARED}
if (role === 'slow') {
  const socket = net.connect(Number(process.argv[3]), '127.0.0.1');
  socket.pause();
  let count = 0;
  socket.on('data', (data) => { count += data.length; });
  socket.on('end', () => { say('got', count); process.exit(); });
  setTimeout(() => socket.resume(), 1800);
  return;
}
(async () => {
  const server = net.createServer();
  const port = await listen(server);
  const child = cp.spawn(process.execPath, [...process.execArgv, __filename, 'slow', port], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const [socket] = await once(server, 'connection');
  say('blocking', shared(socket._handle.fd));
  begin();
  socket.end(Buffer.alloc(20_000_000));
  await once(child, 'exit');
  say(pause());
  server.close();
})();
`,
  ['blocking yes', 'got 20000000', 'no pause'],
  { on: OURS },
);

prints(
  'a listener that a child has as its standard input is accepted from without waiting',
  `${SHARED}
(async () => {
  for (const where of [[0, '127.0.0.1'], [process.env.FOLDER + '/s']]) {
    const server = net.createServer((socket) => socket.end('hello'));
    await listen(server, ...where);
    const to = where.length === 1 ? where : [server.address().port, '127.0.0.1'];
    say('blocking', shared(server._handle.fd));
    begin();
    // A call that waits would wait for the second one, which comes only when the loop goes on.
    for (let i = 0; i < 2; i++) {
      const peer = client(...to);
      await until(() => peer.ended);
      say(peer.text);
    }
    server.close();
  }
  say(pause());
})();
`,
  ['blocking yes', 'hello', 'hello', 'blocking yes', 'hello', 'hello', 'no pause'],
  { on: OURS },
);

prints(
  'a relay between connections that children have loses nothing and waits for nobody',
  `${SHARED}
(async () => {
  const half = { allowHalfOpen: true };
  const sink = net.createServer(half, (socket) => socket.pipe(socket));
  const port = await listen(sink);
  let asked = '';
  const relay = net.createServer(half, (socket) => {
    const on = net.connect({ port, host: '127.0.0.1', ...half }, () => {
      asked = shared(socket._handle.fd) + shared(on._handle.fd);
      begin();
      socket.pipe(on).pipe(socket);
    });
  });
  const relayPort = await listen(relay);
  const peer = net.connect({ port: relayPort, host: '127.0.0.1', ...half });
  let count = 0;
  peer.on('data', (data) => { count += data.length; });
  peer.end(Buffer.alloc(10_000_000));
  await once(peer, 'end');
  say(asked, count, pause());
  relay.close();
  sink.close();
})();
`,
  ['yesyes 10000000 no pause'],
  { on: OURS },
);

const PERL_LINGERING = `
  use Socket; $^F = 255;
  socket(S, AF_INET, SOCK_STREAM, 0); bind(S, sockaddr_in(0, INADDR_LOOPBACK)); listen(S, 5);
  setsockopt(S, SOL_SOCKET, SO_LINGER, pack("ii", 1, $ENV{SECONDS})) or die;
  use POSIX (); POSIX::dup2(fileno(S), 3); exec { $ARGV[0] } @ARGV or die;
`;
const PERL_LINGER =
  'use Socket; print join ",", unpack "ii", getsockopt(STDIN, SOL_SOCKET, SO_LINGER)';

prints(
  'a linger time that a listener hands down does not make closing wait',
  `${SHARED}
const linger = (fd) => {
  const stdio = [fd, 'pipe', 2];
  return String(cp.spawnSync('perl', ['-e', ${JSON.stringify(PERL_LINGER)}], { stdio }).stdout);
};
if (role === 'listen') {
  const server = net.createServer((socket) => {
    say('connection', linger(socket._handle.fd));
    socket.on('error', () => {});
    socket.write(Buffer.alloc(20_000_000));
    const started = Date.now();
    socket.destroy();
    say(Date.now() - started < 1000 ? 'at once' : 'waited');
    server.close();
    setTimeout(() => process.exit(), 50);
  });
  server.listen({ fd: 3 }, () => {
    say('listener', linger(3));
    net.connect(server.address().port, '127.0.0.1').on('error', () => {}).pause();
  });
  return;
}
clearInterval(timer);
for (const SECONDS of ['3', '0']) {
  const node = [process.execPath, ...process.execArgv, __filename, 'listen'];
  const args = ['-e', ${JSON.stringify(PERL_LINGERING)}, ...node];
  const env = { ...process.env, SECONDS };
  const { status } = cp.spawnSync('perl', args, { stdio: 'inherit', env });
  if (status !== 0) say('failed', status);
}
`,
  [
    ...['listener 1,3', 'connection 0,3', 'at once'],
    // Without a time it is a reset that is asked for, and nothing waits.
    ...['listener 1,0', 'connection 1,0', 'at once'],
  ],
  { on: OURS },
);
