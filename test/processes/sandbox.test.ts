/**
 * Sandboxes that refuse system calls (seccomp filters). This package does without each call that
 * libuv does without, and loses no bytes. Where there is no other way, there is one clear error.
 */
import { deepStrictEqual } from 'node:assert/strict';
import { constants } from 'node:os';
import { dirname } from 'node:path';
import { test } from 'node:test';
import { Family, linesOf, OURS, runningOn, type Scope, write } from '../kit/processes.js';

/** The numbers of system calls on x64, which a filter is made of. */
const CALLS: Readonly<Record<string, number>> = {
  ioctl: 16,
  readv: 19,
  sendto: 44,
  recvfrom: 45,
  sendmsg: 46,
  recvmsg: 47,
  accept: 43,
  getsockopt: 55,
  fcntl: 72,
  epoll_wait: 232,
  splice: 275,
  epoll_pwait: 281,
  accept4: 288,
  preadv2: 327,
  pwritev2: 328,
};

/** Filters of a call by one argument: by which, and what it is. */
const FIONREAD = 'ioctl/1/21531';
const TCP_INFO = 'getsockopt/2/11';
const F_SETPIPE_SZ = 'fcntl/1/1031';

/** Sets the filter and becomes the rest of its arguments. BPF in classic form; seccomp(2). */
const FILTER = `
  my ($code, $calls, @program) = @ARGV;
  my $load = sub { pack('SCCL', 0x20, 0, 0, $_[0]) };
  my $unless = sub { pack('SCCL', 0x15, 0, $_[1], $_[0]) };
  my $refuse = pack('SCCL', 6, 0, 0, 0x50000 | $code);
  my $filter = $load->(0);
  for (split ',', $calls) {
    my ($number, $at, $value) = split '/';
    $filter .= defined $at
      ? $unless->($number, 4) . $load->(16 + 8 * $at) . $unless->($value, 1) . $refuse . $load->(0)
      : $unless->($number, 1) . $refuse;
  }
  $filter .= pack('SCCL', 6, 0, 0, 0x7fff0000);
  my $rules = pack('S x6 P', length($filter) / 8, $filter);
  syscall(157, 38, 1, 0, 0, 0) == 0 or die "no_new_privs: $!";
  syscall(157, 22, 2, $rules, 0, 0) == 0 or die "seccomp: $!";
  exec { $program[0] } @program or die $!;
`;

const isX64 = process.arch === 'x64';

interface Refusal {
  readonly code: keyof typeof constants.errno;
  readonly calls: readonly string[];
}

async function run(
  scope: Scope,
  make: (typeof OURS)[number],
  text: string,
  { code, calls }: Refusal,
): Promise<string[]> {
  const on = runningOn(make);
  const numbers = calls.map((call) => {
    const [name = '', ...argument] = call.split('/');
    return [CALLS[name], ...argument].join('/');
  });
  const file = write(scope, text);
  const node = [process.execPath, ...on.args, file];
  const filter = ['-e', FILTER, String(constants.errno[code]), numbers.join(','), ...node];
  const family = new Family(filter, { ...on.env, FOLDER: dirname(file) }, 'perl');
  scope.after(() => {
    family.kill();
    return family.ended;
  });
  return linesOf(await family.ended);
}

/** Bytes through a relay, over a UNIX socket in many chunks, through a pipe, and in messages. */
const TRAFFIC = `
const LENGTH = 3_000_000;
const received = (socket, done) => {
  let count = 0;
  socket.on('data', (data) => { count += data.length; });
  socket.on('error', (error) => { say('error', error.code, error.syscall); process.exit(1); });
  socket.on('end', () => done(count));
};
const half = { allowHalfOpen: true };
(async () => {
  const echo = net.createServer(half, (socket) => socket.pipe(socket));
  const port = await listen(echo);
  const relay = net.createServer(half, (socket) => {
    const on = net.connect({ port, host: '127.0.0.1', ...half });
    socket.pipe(on).pipe(socket);
  });
  const relayPort = await listen(relay);
  const client = net.connect({ port: relayPort, host: '127.0.0.1', ...half });
  client.end(Buffer.alloc(LENGTH));
  await new Promise((resolve) => received(client, (count) => resolve(say('relay', count))));

  const unix = net.createServer(half, (socket) => socket.pipe(socket));
  await listen(unix, process.env.FOLDER + '/u');
  const many = net.connect({ path: process.env.FOLDER + '/u', ...half });
  many.cork();
  for (let i = 0; i < 300; i++) many.write(Buffer.alloc(10_000));
  many.uncork();
  many.end();
  await new Promise((resolve) => received(many, (count) => resolve(say('unix', count))));

  const small = net.connect({ port, host: '127.0.0.1' });
  let text = '';
  small.setEncoding('latin1').on('data', (data) => {
    text += data;
    if (text.length < 20) small.write('x');
    else small.end();
  });
  small.write('x');
  await once(small, 'close');
  say('small', text.length);

  const stdio = ['ignore', 1, 2, 'pipe', 'pipe'];
  const child = cp.spawn('sh', ['-c', 'cat <&3 >&4'], { stdio });
  const through = child.stdio[4];
  child.stdio[3].end(Buffer.alloc(LENGTH));
  await new Promise((resolve) => received(through, (count) => resolve(say('child', count))));
  for (const server of [echo, relay, unix]) server.close();
})();
`;

const WHOLE = ['relay 3000000', 'unix 3000000', 'small 20', 'child 3000000'];

const ALONE = [
  'splice',
  'epoll_wait',
  'recvfrom',
  'sendto',
  'readv',
  'accept4',
  'preadv2',
  'pwritev2',
  FIONREAD,
  TCP_INFO,
  F_SETPIPE_SZ,
];
/** All that Node does without. Those for messages it needs for its channels only. */
const TOGETHER = [...ALONE, 'recvmsg', 'sendmsg'];

for (const make of OURS) {
  for (const code of ['EPERM', 'ENOSYS', 'EACCES'] as const) {
    test(`all bytes arrive without the calls that Node does without: ${code} [${make}]`, {
      skip: !isX64,
    }, async (t) => {
      deepStrictEqual(await run(t, make, TRAFFIC, { code, calls: TOGETHER }), WHOLE);
    });
  }
}

for (const call of [...ALONE, 'recvmsg', 'sendmsg']) {
  test(`all bytes arrive without ${call} alone`, { skip: !isX64 }, async (t) => {
    const lines = await run(t, 'barewire/node', TRAFFIC, { code: 'EPERM', calls: [call] });
    deepStrictEqual(lines, WHOLE);
  });
}

/** How busy the process is while nothing happens. */
const IDLE = `
const idle = async () => {
  const before = process.cpuUsage();
  await new Promise((resolve) => setTimeout(resolve, 400));
  const { user, system } = process.cpuUsage(before);
  return user + system < 200_000 ? 'idle' : 'busy';
};
`;

for (const code of ['EPERM', 'ENOSYS', 'EACCES'] as const) {
  test(`a server that may not accept says so, and does not spin: ${code}`, {
    skip: !isX64,
  }, async (t) => {
    const text = `${IDLE}
const server = net.createServer();
server.on('error', (error) => say(error.code, error.syscall));
(async () => {
  const port = await listen(server);
  const peer = client(port, '127.0.0.1');
  await once(server, 'error');
  say(await idle());
  peer.destroy();
  server.close();
})();
`;
    const lines = await run(t, 'barewire/node', text, { code, calls: ['accept4', 'accept'] });
    deepStrictEqual(lines, [`${code} accept`, 'idle']);
  });
}

const HOOK = `${IDLE}
process.on('uncaughtException', (error) => say('uncaught', error.code, error.syscall));
const epolls = () => fs.readdirSync('/proc/self/fd').filter((fd) => {
  try {
    return fs.readlinkSync('/proc/self/fd/' + fd) === 'anon_inode:[eventpoll]';
  } catch {
    return false;
  }
});
const before = new Set(epolls());
const server = net.createServer((socket) => socket.end('x'));
server.listen(0, '127.0.0.1', async () => {
  say(epolls().filter((fd) => !before.has(fd)).join());
  const peer = client(server.address().port, '127.0.0.1');
  say(await idle(), peer.text || 'nothing');
  const next = net.connect(server.address().port, '127.0.0.1');
  next.on('error', (error) => say('next', error.code));
  setTimeout(() => process.exit(), 50);
});
`;

test('where no events can be had there is one error that says so, and nothing spins', {
  skip: !isX64,
}, async (t) => {
  const make = 'barewire/node';
  const [fd, ...usual] = await run(t, make, HOOK, { code: 'EPERM', calls: ['splice'] });
  deepStrictEqual(usual, ['idle x']);
  // Of libuv's own epoll descriptor events have to come.
  const lines = await run(t, make, HOOK, { code: 'EPERM', calls: [`epoll_pwait/0/${fd}`] });
  if (lines[0] !== fd) {
    t.skip('the descriptor has another number in each process');
    return;
  }
  deepStrictEqual(lines.slice(1), ['uncaught EPERM epoll_pwait', 'idle nothing', 'next EPERM']);
});
