/** Which descriptors children inherit, and which not. */
import { OURS, prints } from '../kit/processes.js';

prints(
  'children inherit no descriptor that was not given to them',
  `
if (role === 'child') {
  process.send('up');
  process.on('message', () => {});
  return;
}
// What this program was started with is not ours to close.
const links = (pid) => fs.readdirSync('/proc/' + pid + '/fd').map((fd) => {
  try { return fd + ' ' + fs.readlinkSync('/proc/' + pid + '/fd/' + fd); } catch { return ''; }
});
const before = new Set(links('self').map((link) => link.split(' ')[1]));
(async () => {
  const server = net.createServer();
  const port = await listen(server);
  const unix = net.createServer();
  await listen(unix, process.env.FOLDER + '/s');
  const peer = client(port, '127.0.0.1');
  const [socket] = await once(server, 'connection');
  const child = cp.spawn('cat');
  const other = fork('child');
  await once(other, 'message');
  const list = (pid) => links(pid).map((link) => link.split(' '))
    .filter(([, to]) => !before.has(to)).map(([fd]) => fd);
  child.stdin.write('x');
  await once(child.stdout, 'data');
  say(list(child.pid).join(' '), sockets(child.pid), sockets(other.pid));
  child.kill('SIGKILL');
  other.kill('SIGKILL');
  socket.destroy();
  await until(() => peer.ended);
  unix.close();
  server.close(() => say(sockets()));
})();
`,
  ['0 1 2 0 0', '0'],
);

for (const what of ['server', 'server._handle', 'server._handle.fd']) {
  prints(
    `a child listens on the descriptor it was started with (${what})`,
    `
if (role === 'child') {
  const server = net.createServer((socket) => socket.end('child'));
  server.listen({ fd: 3 }, () => process.send(server.address().port));
  process.on('message', () => { server.close(); process.disconnect(); });
  return;
}
(async () => {
  const server = net.createServer((socket) => socket.end('parent'));
  const port = await listen(server);
  const child = fork('child', { stdio: ['pipe', 'inherit', 'inherit', ${what}, 'ipc'] });
  say((await once(child, 'message'))[0] === port, server.listening);
  server.close();
  const peer = client(port, '127.0.0.1');
  await until(() => peer.ended);
  say(peer.text);
  child.send('stop');
  await once(child, 'exit');
  const again = net.createServer();
  await listen(again, port, '127.0.0.1');
  again.close(() => say(sockets()));
})();
`,
    ['true true', 'child', '0'],
    // node:net takes a socket there, and a server's handle.
    what === 'server' ? { on: OURS } : {},
  );
}

prints(
  'a pipe of stdio is a socket in both processes; either may be killed',
  `
if (role === 'child') {
  const pipe = new net.Socket({ fd: 3 });
  pipe.on('data', (data) => pipe.write('child ' + data));
  pipe.on('end', () => say('parent is gone'));
  return;
}
(async () => {
  const stdio = ['ignore', 'inherit', 'inherit', 'pipe'];
  for (const signal of [null, 'SIGKILL']) {
    const child = cp.spawn(process.execPath, [...process.execArgv, __filename, 'child'], { stdio });
    const pipe = child.stdio[3];
    pipe.write('hello');
    say(String((await once(pipe, 'data'))[0]));
    if (signal === null) pipe.end(); else child.kill(signal);
    const [code] = await once(child, 'exit');
    if (!pipe.closed) await once(pipe, 'close');
    say(code);
  }
})();
`,
  ['child hello', 'parent is gone', '0', 'child hello', 'null'],
);

prints(
  'a connection is given to a child as a descriptor',
  `
if (role === 'child') {
  const socket = new net.Socket({ fd: 3 });
  socket.end('child ' + (socket.remotePort > 0));
  socket.resume();
  return;
}
(async () => {
  const server = net.createServer({ pauseOnConnect: true });
  const port = await listen(server);
  const peer = client(port, '127.0.0.1');
  const [socket] = await once(server, 'connection');
  const stdio = ['ignore', 'inherit', 'inherit', socket];
  const child = cp.spawn(process.execPath, [...process.execArgv, __filename, 'child'], { stdio });
  socket.destroy();
  await until(() => peer.ended);
  say(peer.text);
  await until(() => child.exitCode === 0);
  server.close(() => say(sockets()));
})();
`,
  ['child true', '0'],
);

prints(
  'pipes of a shell are sockets on standard input and output',
  `
if (role === 'child') {
  const input = new net.Socket({ fd: 0 });
  const output = new net.Socket({ fd: 1, readable: false });
  input.on('data', (data) => output.write('got ' + data));
  input.on('end', () => output.end());
  return;
}
const child = [process.execPath, ...process.execArgv, __filename, 'child'];
const shell = cp.spawn('sh', ['-c', 'echo hello | "$@" | cat', 'sh', ...child]);
let text = '';
shell.stdout.on('data', (data) => { text += data; });
shell.on('close', (code) => say(code, text.trim()));
`,
  ['0 got hello'],
);
