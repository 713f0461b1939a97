/**
 * A thousand relayed connections in one process, as the user that it is told to become. All begin
 * before any ends. Arguments: count, bytes for each, user id or 'same'. Prints JSON.
 */
import { createHash, randomBytes } from 'node:crypto';
import { type AddressInfo, createServer as createPlain } from 'node:net';
import { connect, createServer, type Socket } from 'barewire';
import { linux } from '#internal/sys/linux';
import { decorateKernel } from '#internal/transport/host';

const [countText, bytesText, user = 'same'] = process.argv.slice(2);
const count = Number(countText);
const bytes = randomBytes(Number(bytesText));
/** Some connections carry more, so that they surely have much to move at once. */
const LARGE = 20;
const large = Buffer.concat(new Array<Buffer>(16).fill(bytes));
const wanted = [bytes, large].map((each) => createHash('sha256').update(each).digest('hex'));
if (user !== 'same') {
  process.setgroups?.([]);
  process.setgid?.(Number(user));
  process.setuid?.(Number(user));
}

let right = 0;
let wrong = 0;
let pipesMost = 0;
let standing = 0;
const senders: Socket[] = [];

/** The ends of pipes that this thread owns. */
function pipes(): number {
  return linux.ledger().filter((fd) => linux.kind(fd) === linux.constants.S_IFIFO).length;
}

decorateKernel((kernel) => ({
  ...kernel,
  pipe(into) {
    const status = kernel.pipe(into);
    pipesMost = Math.max(pipesMost, pipes());
    return status;
  },
}));

const far = createPlain((socket) => {
  const hash = createHash('sha256');
  socket.on('data', (chunk) => {
    hash.update(chunk);
    if (Math.random() < 0.05) {
      socket.pause();
      setTimeout(() => socket.resume(), 2);
    }
  });
  socket.on('end', () => {
    if (wanted.includes(hash.digest('hex'))) right++;
    else wrong++;
    if (right + wrong === count) setTimeout(finish, 200);
  });
});

function finish(): void {
  const uid = process.getuid?.() ?? -1;
  console.log(JSON.stringify({ right, wrong, pipesMost, left: pipes(), uid }));
  process.exit();
}

const relay = createServer((socket) => {
  const to = connect((far.address() as AddressInfo).port, '127.0.0.1');
  socket.pipe(to).pipe(socket);
  to.on('connect', () => {
    if (++standing < count) return;
    for (const [i, sender] of senders.entries()) sender.end(i < LARGE ? large : bytes);
  });
});

far.listen({ port: 0, host: '127.0.0.1', backlog: 2000 }, () => {
  relay.listen({ port: 0, host: '127.0.0.1', backlog: 2000 }, () => {
    const { port } = relay.address() as AddressInfo;
    for (let i = 0; i < count; i++) senders.push(connect(port, '127.0.0.1').resume());
  });
});
