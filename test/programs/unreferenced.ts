/**
 * Has unreferenced sockets only: connected ones, an accepted one and a server, all of them flooded
 * by the process that listens on the given port. Must exit with 0 by itself.
 */
import { type AddressInfo, connect, createServer, type Socket } from 'barewire';

const port = Number(process.argv[2]);
const CONNECTED = 8;
let flooded = 0;

function watch(socket: Socket): void {
  socket.once('data', () => {
    socket.resume();
    if (++flooded === CONNECTED + 1) letGo();
  });
}

const all: Socket[] = [];
const server = createServer((socket) => {
  all.push(socket);
  watch(socket);
});
server.listen(0, '127.0.0.1', () => {
  const own = (server.address() as AddressInfo).port;
  all[0]?.write(String(own));
});

for (let i = 0; i < CONNECTED; i++) {
  const socket = connect({ port, host: '127.0.0.1' });
  all.push(socket);
  watch(socket);
}

function letGo(): void {
  for (const socket of all) socket.unref();
  server.unref();
}

process.on('exit', () => console.log(`flooded ${flooded}`));
