/**
 * How long flooding sockets keep a timer waiting, in ms of this process's own time on a processor:
 * what other programs take from it counts for nothing. A timer of 1 ms that is set again and again
 * cuts the work into stretches; one that is due in between has to wait for the stretch's end.
 * Prints the lengths of the stretches in which the middle and the 90th of such timers fall, and the
 * bytes received in one.
 */
import { spawn } from 'node:child_process';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

const [moduleName = 'node:net', countText] = process.argv.slice(2);
const { createServer } = require(moduleName) as typeof import('node:net');
const COUNT = Number(countText);
const SAMPLES = 16;

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

function usedMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function sample(): void {
  const stretches: number[] = [];
  const before = bytes;
  let last = usedMs();
  const again = (): void => {
    const now = usedMs();
    stretches.push(now - last);
    last = now;
    if (stretches.length < SAMPLES) setTimeout(again, 1);
    else report(stretches, bytes - before);
  };
  setTimeout(again, 1);
}

/** Most moments fall in long stretches: each counts by its length. */
function stretchAt(sorted: readonly number[], part: number): number {
  const total = sorted.reduce((sum, length) => sum + length, 0);
  let passed = 0;
  for (const length of sorted) {
    passed += length;
    if (passed >= total * part) return length;
  }
  return 0;
}

function report(stretches: number[], received: number): void {
  stretches.sort((a, b) => a - b);
  const [median, p90] = [0.5, 0.9].map((part) => stretchAt(stretches, part));
  console.log(JSON.stringify({ median, p90, perStretch: received / SAMPLES }));
  process.exit();
}
