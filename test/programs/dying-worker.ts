/**
 * A worker thread with busy sockets: connected ones, and an accepted one on a server of its own.
 * Told to, it ends from within a socket's handler.
 */
import type { AddressInfo } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';
import type { Socket } from 'barewire';

export interface WorkerTask {
  /** What to require in place of 'barewire'. */
  readonly library: string;
  /** An echo server. */
  readonly port: number;
  readonly end: 'terminate' | 'exit' | 'throw';
}

const { library, port, end } = workerData as WorkerTask;
const { connect, createServer } = require(library) as typeof import('barewire');

const CONNECTED = 3;
const block = Buffer.alloc(8 * 1024, 'b');
const localPorts: number[] = [];
let busy = 0;
let ending = false;

function onData(): void {
  if (!ending) return;
  if (end === 'exit') process.exit(7);
  if (end === 'throw') throw new Error('planted');
}

function keepBusy(socket: Socket): void {
  socket.once('data', () => {
    if (++busy === CONNECTED + 2) parentPort?.postMessage(localPorts);
  });
  socket.on('data', (chunk) => {
    onData();
    socket.write(chunk);
  });
  socket.write(block);
}

function open(to: number, report: boolean): void {
  const socket: Socket = connect({ port: to, host: '127.0.0.1' }, () => {
    if (report) localPorts.push(socket.localPort ?? 0);
    keepBusy(socket);
  });
}

for (let i = 0; i < CONNECTED; i++) open(port, true);
const server = createServer(keepBusy);
server.listen(0, '127.0.0.1', () => open((server.address() as AddressInfo).port, false));

parentPort?.on('message', () => {
  ending = true;
});
