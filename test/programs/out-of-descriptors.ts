/**
 * An echo server that has used up its descriptors when connections come. Prints what it cost to
 * wait, then frees some. Lines on standard input drive it: 'measure', then 'free'.
 */
import { closeSync, openSync } from 'node:fs';
import { type AddressInfo, createServer } from 'barewire';

const MEASURE_MS = 1000;
const held: number[] = [];
const errors: string[] = [];

function useUp(): void {
  try {
    for (;;) held.push(openSync('/dev/null', 'r'));
  } catch {
    // EMFILE: that was the last one.
  }
}

const server = createServer((socket) => socket.pipe(socket));
server.on('error', (error) => errors.push(error.message));
server.listen(0, '127.0.0.1', () => {
  console.log((server.address() as AddressInfo).port);
  useUp();
  process.stdin.on('data', (line) => {
    if (String(line).startsWith('measure')) measure();
    else for (const fd of held.splice(0)) closeSync(fd);
  });
});

function measure(): void {
  const before = process.cpuUsage();
  setTimeout(() => {
    const { user, system } = process.cpuUsage(before);
    const connections = (server as unknown as { _connections: number })._connections;
    console.log(JSON.stringify({ cpuMs: (user + system) / 1000, connections, errors }));
  }, MEASURE_MS);
}
