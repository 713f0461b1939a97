/** Has write callbacks that throw, or that end the process. Prints what follows, one line each. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { once } from 'node:events';
import { type AddressInfo, connect as connectPlain, type Socket as PlainSocket } from 'node:net';
import { createServer, type Socket } from 'barewire';

const say = (...words: unknown[]): void => console.log(...words);
const place = process.argv[2] ?? '';
const store = new AsyncLocalStorage<string>();

if (place !== 'exit') {
  process.on('uncaughtException', (error) => say('uncaught', error.message, store.getStore()));
}

const server = createServer();
const peers: PlainSocket[] = [];

async function makePair(): Promise<Socket> {
  const { port } = server.address() as AddressInfo;
  const accepted = once(server, 'connection');
  const peer = connectPlain(port, '127.0.0.1');
  peers.push(peer);
  let text = '';
  peer.setEncoding('latin1').on('data', (chunk: string) => {
    text += chunk;
  });
  peer.on('close', () => say('peer got', text));
  const [socket] = (await accepted) as [Socket];
  return socket.on('finish', () => say('finish')).on('close', () => say('close'));
}

const failing = (what: string) => (): void => {
  throw new Error(what);
};

const PLACES: Record<string, () => Promise<void>> = {
  async one() {
    const socket = await makePair();
    socket.write('a', failing('A'));
    socket.end();
  },
  async two() {
    const socket = await makePair();
    socket.write('a', failing('A'));
    socket.write('b', () => say('b is written'));
    socket.end();
  },
  async both() {
    const socket = await makePair();
    socket.once('data', () => {
      store.enterWith('here');
      socket.write('a', failing('callback'));
      socket.end();
      throw new Error('handler');
    });
    peers[0]?.write('go');
  },
  /** A third process of Node's own hears what three sockets wrote. */
  async exit() {
    const target = Number(process.argv[3]);
    const { connect } = await import('barewire');
    const sockets = [1, 2, 3].map(() => connect(target, '127.0.0.1'));
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    setTimeout(() => {
      for (const [index, socket] of sockets.entries()) {
        socket.write(`${index}`, () => process.exit());
      }
    }, 1);
  },
};

server.listen(0, '127.0.0.1', async () => {
  await PLACES[place]?.();
  setTimeout(() => process.exit(peers.every((peer) => peer.destroyed) ? 0 : 3), 1000).unref();
  server.close();
});
