/**
 * Connects so often to a port, or lets whoever likes connect to it, and sends without end on each
 * connection. A line with a port on a connection of its own has it connect there as well.
 */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

const block = Buffer.alloc(16 * 1024, '.');

function flood(socket: Socket): void {
  const send = (): void => {
    while (socket.writable && socket.write(block));
  };
  socket.on('drain', send).on('error', () => {});
  send();
}

function floodPort(port: number): void {
  const socket = connect(port, '127.0.0.1', () => flood(socket));
  socket.on('error', () => {});
}

/** Floods begin once all connections stand: a receiver that is busy accepts slowly. */
function floodTogether(port: number, count: number): void {
  let missing = count;
  const sockets = Array.from({ length: count }, () => connect(port, '127.0.0.1'));
  for (const socket of sockets) {
    socket.on('error', () => {});
    socket.once('connect', () => {
      if (--missing === 0) for (const one of sockets) flood(one);
    });
  }
}

const [portText, countText] = process.argv.slice(2);
if (portText !== undefined) {
  floodTogether(Number(portText), Number(countText));
} else {
  const server = createServer((socket) => {
    socket.on('data', (line) => floodPort(Number(line)));
    flood(socket);
  });
  server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port));
}
