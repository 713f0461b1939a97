/**
 * One of several sockets throws in a handler of its own. Prints what was caught, and whether the
 * others and the thrower itself still moved all their bytes.
 */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'barewire';

const place = process.argv[2] ?? '';
const BYTES = 1024 * 1024;
const BYSTANDERS = 3;

/** After a throw from these a socket of Node's own gets no further either. */
const LAST_OF_VICTIM = ['end', 'connect'];

const caught: string[] = [];
const victims: Socket[] = [];
process.on('uncaughtException', (error) => {
  caught.push(error.message);
  if (LAST_OF_VICTIM.includes(place)) for (const socket of victims) socket.destroy();
});

let thrown = false;
/** Throws once, where `here` is the place asked for. */
function maybeThrow(here: string): void {
  if (here !== place || thrown) return;
  thrown = true;
  throw new Error(`thrown in ${here}`);
}

/** The server's end of the victim: counts what comes, and sends until it has to wait. */
let victimReceived = 0;
let victimSent = 0;
function serveVictim(socket: Socket): void {
  victims.push(socket);
  socket.on('data', (chunk) => {
    victimReceived += chunk.length;
    if (place === 'tick') process.nextTick(() => maybeThrow('tick'));
    maybeThrow('data');
  });
  socket.on('end', () => maybeThrow('end'));
  socket.on('close', () => maybeThrow('close'));
  socket.on('drain', () => socket.end());
  socket.on('drain', () => maybeThrow('drain'));
  let more = true;
  while (more) {
    more = socket.write(Buffer.alloc(BYTES), () => maybeThrow('write'));
    victimSent += BYTES;
  }
  maybeThrow('connection');
}

let accepted = 0;
const server = createServer({ allowHalfOpen: true }, (socket) => {
  if (accepted++ < BYSTANDERS) socket.pipe(socket);
  else serveVictim(socket);
});

/** Sends `text` in two steps, one before and one after the exception, and compares the echo. */
async function bystander(port: number, until: Promise<void>): Promise<boolean> {
  const socket = connect({ port, host: '127.0.0.1' });
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  await once(socket, 'connect');
  socket.write('before ');
  await until;
  socket.end('after');
  await once(socket, 'close');
  return text === 'before after';
}

/** The victim's other end. Resolves with how much came back. */
async function victim(port: number): Promise<number> {
  const socket = connect({ port, host: '127.0.0.1' }, () => maybeThrow('connect'));
  victims.push(socket);
  let received = 0;
  socket.on('data', (chunk) => {
    received += chunk.length;
  });
  socket.end(Buffer.alloc(BYTES));
  await once(socket, 'close');
  return received;
}

async function main(): Promise<void> {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  let victimDone = (): void => {};
  const until = new Promise<void>((resolve) => {
    victimDone = resolve;
  });
  const others = Array.from({ length: BYSTANDERS }, () => bystander(port, until));
  while (accepted < BYSTANDERS) await new Promise((resolve) => setImmediate(resolve));
  const received = await victim(port);
  victimDone();
  const bystanders = await Promise.all(others);
  server.close();
  await once(server, 'close');
  const all = { victimReceived: victimReceived === BYTES, victimSent: received === victimSent };
  console.log(JSON.stringify({ caught, bystanders, ...all }));
}

void main();
