/**
 * Descriptors that a program is started with, given by their number. Those that are no streams are
 * refused as `node:net` refuses them. Whatever is refused, or fails, stays open.
 */
import { deepStrictEqual } from 'node:assert/strict';
import { dirname } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Family, linesOf, type Make, OURS, prints, runningOn, write } from '../kit/processes.js';

/** Perl that makes each, as descriptor 3 of what it then becomes. */
const SOCKETS: Readonly<Record<string, string>> = {
  'a UDP socket': 'make(2, 2)',
  'a UDP socket, bound': 'make(2, 2); bound()',
  'a UDP socket, connected': 'make(2, 2); bound(); connect(S, getsockname(S)) or fail()',
  'a UDP socket for IPv6': 'make(10, 2)',
  'a UNIX datagram socket': 'make(1, 2)',
  'a UNIX datagram socket, named': 'make(1, 2); named()',
  'a pair of UNIX datagram sockets': 'socketpair(S, P, 1, 2, 0) or fail()',
  'a SEQPACKET socket': 'make(1, 5)',
  'a SEQPACKET socket that listens': 'make(1, 5); named(); listen(S, 5) or fail()',
  'a pair of SEQPACKET sockets': 'socketpair(S, P, 1, 5, 0) or fail()',
  'a netlink socket': 'make(16, 3)',
  'a netlink socket of devices': 'make(16, 2, 15)',
  'a raw socket': 'make(2, 3, 1)',
  'a packet socket': 'make(17, 3)',
  'a vsock socket': 'make(40, 1)',
  'a vsock socket that listens':
    'make(40, 1); bind(S, pack("S S l l x4", 40, 0, -1, -1)) or fail(); listen(S, 5) or fail()',
  'a vsock SEQPACKET socket': 'make(40, 5)',
  "a socket of the kernel's cryptography": 'make(38, 5)',
};

const FILES: Readonly<Record<string, string>> = {
  'a file': 'open(S, "+>", "$ENV{FOLDER}/file") or fail()',
  'a file to append to': 'open(S, ">>", "$ENV{FOLDER}/file") or fail()',
  'a folder': 'sysopen(S, $ENV{FOLDER}, O_RDONLY) or fail()',
  'a path': 'sysopen(S, $ENV{FOLDER}, 010000000) or fail()',
  '/dev/null': 'open(S, "+<", "/dev/null") or fail()',
  '/dev/zero': 'open(S, "+<", "/dev/zero") or fail()',
  '/dev/urandom': 'open(S, "<", "/dev/urandom") or fail()',
  'a terminal': 'open(S, "+<", "/dev/ptmx") or fail()',
  'an eventfd': 'made(290, 0, 0)',
  'an epoll descriptor': 'made(291, 0)',
  'a timerfd': 'made(283, 1, 0)',
  'an inotify descriptor': 'made(294, 0)',
  'a memfd': 'made(319, "x", 0)',
  'a signalfd': 'made(289, -1, "\\0" x 8, 8, 0)',
  'a pidfd': 'made(434, $$ + 0, 0)',
};

const MAKE = `
  use Fcntl; use Socket; use POSIX ();
  my ($code, @program) = @ARGV;
  sub fail { exit 77 }
  sub make { socket(S, $_[0], $_[1], $_[2] // 0) or fail() }
  sub bound { bind(S, sockaddr_in(0, INADDR_LOOPBACK)) or fail() }
  sub named { bind(S, pack_sockaddr_un("$ENV{FOLDER}/s")) or fail() }
  sub made {
    my ($number, @of) = @_;
    my $fd = syscall($number, @of);
    $fd >= 0 or fail();
    open(S, "+<&=", $fd) or open(S, "<&=", $fd) or fail();
  }
  $^F = 255;
  eval $code; die $@ if $@;
  POSIX::dup2(fileno(S), 100);
  close S; close P;
  POSIX::dup2(100, 3);
  POSIX::close(100);
  exec { $program[0] } @program or die $!;
`;

const CANNOT_MAKE = 77;

async function runWith(
  t: TestContext,
  make: Make,
  perl: string,
  text: string,
): Promise<string[] | null> {
  const on = runningOn(make);
  const file = write(t, text);
  const program = [process.execPath, ...on.args, file];
  const env = { ...on.env, FOLDER: dirname(file) };
  const family = new Family(['-e', MAKE, perl, ...program], env, 'perl');
  t.after(() => {
    family.kill();
    return family.ended;
  });
  const ended = await family.ended;
  return ended.code === CANNOT_MAKE ? null : linesOf(ended);
}

/** What each use makes of descriptor 3, and whether it is still the same afterwards. */
const USES = `
const same = () => { const { ino, mode } = fs.fstatSync(3); return ino + ' ' + mode; };
const before = same();
const flags = () => fs.readFileSync('/proc/self/fdinfo/3', 'utf8').split('\\n')[1];
const flagsBefore = flags();
let what = [];
const watch = (one) => {
  for (const name of ['connect', 'listening', 'data', 'end']) one.on(name, () => what.push(name));
  one.on('error', (error) => what.push(error.code));
};
const target = { port: 9, host: '127.0.0.1' };
const uses = {
  socket: () => watch(new net.Socket({ fd: 3 })),
  number: () => watch(new net.Socket({ fd: 3, readable: false }).connect(target)),
  connect: () => watch(net.connect({ fd: 3, ...target })),
  listen: () => { const one = net.createServer(); watch(one); one.listen({ fd: 3 }); },
};
(async () => {
  for (const [name, use] of Object.entries(uses)) {
    what = [];
    try { use(); } catch (error) { what.push('throws ' + error.code); }
    await new Promise((resolve) => setTimeout(resolve, 15));
    say(name, what.join(), same() === before && flags() === flagsBefore ? 'open' : 'not as it was');
  }
  process.exit();
})();
`;

const REFUSED = [
  'socket throws ERR_INVALID_FD_TYPE open',
  'number throws ERR_INVALID_FD_TYPE open',
  'connect throws ERR_INVALID_FD_TYPE open',
  'listen EINVAL open',
];

for (const [kind, perl] of Object.entries({ ...SOCKETS, ...FILES })) {
  const skip = perl.startsWith('made') && process.arch !== 'x64';
  test(`${kind} is refused as node:net does, and stays open`, { skip }, async (t) => {
    const builtin = await runWith(t, 'node:net', perl, USES);
    if (builtin === null) {
      t.skip('this machine, or this user, can not make one');
      return;
    }
    deepStrictEqual(builtin, REFUSED, 'node:net itself');
    deepStrictEqual(await runWith(t, 'barewire/node', perl, USES), REFUSED);
  });
}

const LISTENERS: Readonly<Record<string, string>> = {
  'a TCP listener': 'make(2, 1); bound(); listen(S, 5) or fail()',
  'an MPTCP listener': 'make(2, 1, 262); bound(); listen(S, 5) or fail()',
  'a UNIX listener': 'make(1, 1); named(); listen(S, 5) or fail()',
};

for (const make of OURS.slice(1)) {
  for (const [kind, perl] of Object.entries(LISTENERS)) {
    test(`${kind} is no connection: only listen takes it [${make}]`, async (t) => {
      const lines = await runWith(t, make, perl, USES);
      if (lines === null) {
        t.skip('this machine can not make one');
        return;
      }
      deepStrictEqual(lines.slice(0, 3), REFUSED.slice(0, 3));
      // It is the server's from here on: not blocking, and closed for children.
      deepStrictEqual(lines.slice(3), ['listen listening not as it was']);
    });
  }
}

const CANNOT_LISTEN: Readonly<Record<string, string>> = {
  'a connection of TCP':
    'make(2, 1); bound(); listen(S, 5); my $to = getsockname(S); open(L, ">&", S); close S; ' +
    'socket(P, 2, 1, 0); connect(P, $to); accept(S, L) or fail(); POSIX::dup(fileno(P))',
  'a pair of UNIX sockets': 'socketpair(S, P, 1, 1, 0) or fail(); POSIX::dup(fileno(P))',
  'a UNIX socket without a name': 'make(1, 1)',
  'a pipe to read from': 'pipe(S, P) or fail(); POSIX::dup(fileno(P))',
  'a pipe to write to': 'pipe(P, S) or fail(); POSIX::dup(fileno(P))',
};

const FAILS_TO_LISTEN = `
const flags = () => fs.readFileSync('/proc/self/fdinfo/3', 'utf8').split('\\n')[1];
const about = () => flags() + fs.fstatSync(3).ino;
const before = about();
const server = net.createServer();
server.on('error', (error) => {
  say(error.code, error.syscall, about() === before ? 'as it was' : 'changed');
  setTimeout(() => { say(about() === before ? 'as it was' : 'changed'); process.exit(); }, 50);
});
server.listen({ fd: 3 });
`;

for (const make of OURS) {
  for (const [kind, perl] of Object.entries(CANNOT_LISTEN)) {
    test(`${kind}, on which listen fails, stays the caller's [${make}]`, async (t) => {
      const code = kind.startsWith('a pipe') ? 'ENOTSOCK' : 'EINVAL';
      const lines = await runWith(t, make, perl, FAILS_TO_LISTEN);
      deepStrictEqual(lines, [`${code} listen as it was`, 'as it was']);
    });
  }
}

prints(
  "sockets and listeners of Node's own are not taken away from it",
  `
process.noDeprecation = true;
const own = process.binding('tcp_wrap');
(async () => {
  const udp = require('node:dgram').createSocket('udp4');
  await new Promise((resolve) => udp.bind(0, '127.0.0.1', resolve));
  // Node 26 has no \`_handle\` on a socket of dgram; in each version its state has the handle.
  const state = Object.getOwnPropertySymbols(udp).find((key) => key.description === 'state symbol');
  const listener = new own.TCP(own.constants.SERVER);
  listener.bind('127.0.0.1', 0);
  let accepted = 0;
  listener.onconnection = (status, handle) => { accepted++; handle.close(); };
  listener.listen(5);
  for (const [kind, fd] of [['udp', udp[state].handle.fd], ['listener', listener.fd]]) {
    try { new net.Socket({ fd }); say(kind, 'taken'); } catch (error) { say(kind, error.code); }
    const server = net.createServer();
    server.listen({ fd });
    const [error] = await once(server, 'error');
    say(kind, 'listen', error.code);
  }
  udp.send('x', udp.address().port, '127.0.0.1');
  await once(udp, 'message');
  const name = {};
  listener.getsockname(name);
  const peer = client(name.port, '127.0.0.1');
  await until(() => peer.ended);
  say('both work', accepted);
  udp.close();
  listener.close();
})();
`,
  [
    'udp ERR_INVALID_FD_TYPE',
    'udp listen EINVAL',
    'listener EEXIST',
    'listener listen EEXIST',
    'both work 1',
  ],
);

prints(
  "a server listens beside a handle of Node's own, each on a descriptor of its own",
  `
const own = process.binding('tcp_wrap');
(async () => {
  const handle = new own.TCP(own.constants.SERVER);
  handle.bind('127.0.0.1', 0);
  handle.onconnection = (status, connection) => connection.close();
  handle.listen(5);
  const { fd } = handle;
  const server = net.createServer((socket) => socket.end('ours'));
  await listen(server, { handle });
  say(server._handle.fd !== fd, server.listening);
  await new Promise((resolve) => handle.close(resolve));
  const peer = client(server.address().port, '127.0.0.1');
  await until(() => peer.ended);
  say(peer.text);
  server.close();
})();
`,
  ['true true', 'ours'],
  { on: OURS },
);
