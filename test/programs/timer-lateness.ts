/** How late a 10 ms timer fires beside flooding sockets. Prints the median and p90 in ms. */
import { spawn } from 'node:child_process';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

const [moduleName = 'node:net', countText] = process.argv.slice(2);
const { createServer } = require(moduleName) as typeof import('node:net');
const COUNT = Number(countText);
const DELAY_MS = 10;
const SAMPLES = 50;

let accepted = 0;
let bytes = 0;

const server = createServer((socket) => {
  socket.on('data', (chunk) => {
    bytes += chunk.length;
  });
  if (++accepted === COUNT) setTimeout(sample, 200);
});

server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  const flooder = join(__dirname, 'flooder.js');
  const child = spawn(process.execPath, [flooder, String(port), String(COUNT)]);
  process.on('exit', () => child.kill('SIGKILL'));
});

function sample(): void {
  const late: number[] = [];
  const before = bytes;
  const again = (): void => {
    const due = performance.now() + DELAY_MS;
    setTimeout(() => {
      late.push(performance.now() - due);
      if (late.length < SAMPLES) again();
      else report(late, bytes - before);
    }, DELAY_MS);
  };
  again();
}

function report(late: number[], received: number): void {
  late.sort((a, b) => a - b);
  const [median, p90] = [0.5, 0.9].map((part) => late[Math.floor(late.length * part)]);
  console.log(JSON.stringify({ median, p90, received }));
  process.exit();
}
