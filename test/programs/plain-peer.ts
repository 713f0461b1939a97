/**
 * Stands in for nc, telnet and socat where they are not installed, with Node's own `net`:
 * `plain-peer nc -N HOST PORT`, `nc -N -U PATH`, `telnet HOST PORT`, `socat [-u] [-b N] [-t N]
 * ADDRESS ADDRESS`. What these programs have beyond that is an error.
 */
import { connect, createServer, type NetConnectOpts, type Socket } from 'node:net';

const [tool = '', ...args] = process.argv.slice(2);
const words = withoutFlags(args);

/** What is not a flag, or a flag's number. */
function withoutFlags(all: readonly string[]): string[] {
  return all.filter(
    (word, i) => (word === '-' || !word.startsWith('-')) && !/^-[bt]$/.test(all[i - 1] ?? ''),
  );
}

function fail(message: string): never {
  console.error(`${tool}: ${message}`);
  process.exit(1);
}

/** Standard input to the socket and back; the socket's end is this program's. */
function join(socket: Socket, text: (bytes: Buffer) => Buffer = (bytes) => bytes): void {
  socket.on('data', (bytes) => {
    if (!process.stdout.write(text(bytes))) {
      socket.pause();
      process.stdout.once('drain', () => socket.resume());
    }
  });
  socket.on('error', (error) => fail(error.message));
  socket.on('close', () => process.stdin.destroy());
  process.stdin.pipe(socket);
}

/** Not at a terminal, telnet prints CR LF as LF. */
function withoutReturns(bytes: Buffer): Buffer {
  return Buffer.from(bytes.toString('latin1').replaceAll('\r', ''), 'latin1');
}

function telnet([host = '', port = '']: readonly string[]): void {
  console.log(`Trying ${host}...`);
  const socket = connect(Number(port), host, () => {
    console.log(`Connected to ${host}.\nEscape character is '^]'.`);
  });
  join(socket, withoutReturns);
  // At the end of its input telnet leaves at once.
  process.stdin.once('end', () => process.exit());
}

function nc(target: readonly string[]): void {
  const [first = '', port] = target;
  const to: NetConnectOpts =
    port === undefined ? { path: first } : { host: first, port: Number(port) };
  join(connect({ ...to, allowHalfOpen: true }));
}

/** The options of `connect` for an address as socat names it. */
function socatTarget(address: string): NetConnectOpts {
  const [kind = '', ...rest] = address.split(':');
  if (kind === 'UNIX-CONNECT') return { path: rest.join(':') };
  if (kind === 'TCP') return { host: rest[0] ?? '', port: Number(rest[1]) };
  return fail(`no such address here: ${address}`);
}

function socat([one = '', other = '']: readonly string[]): void {
  const listens = /^TCP-LISTEN:(\d+)/.exec(one);
  if (listens !== null && other === 'EXEC:cat') {
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      server.close();
      socket.pipe(socket);
    });
    server.listen(Number(listens[1]), '0.0.0.0');
  } else {
    join(connect({ ...socatTarget(one === '-' ? other : one), allowHalfOpen: true }));
  }
}

if (tool === 'telnet') telnet(words);
else if (tool === 'nc') nc(words);
else if (tool === 'socat') socat(words);
else fail('no such program here');
