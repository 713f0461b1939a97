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

/**
 * Floods begin once all connections stand: a receiver that is busy accepts slowly. They are made
 * one behind the other, as the kernel drops what a full backlog can not take.
 */
function floodTogether(port: number, count: number, sockets: Socket[] = []): void {
  if (sockets.length === count) {
    for (const one of sockets) flood(one);
    return;
  }
  const socket = connect(port, '127.0.0.1', () => {
    floodTogether(port, count, [...sockets, socket]);
  });
  socket.on('error', () => {});
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
