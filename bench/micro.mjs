// One process, both ends: what a change costs or saves, on a machine that is not quiet. A block
// sends to each of 64 sockets, lets the loop turn, and takes the replies; the least CPU time of
// many blocks is the figure, which other programs on the machine hardly touch.
//   node micro.mjs [MODULE|node]… [--blocks N] [--size BYTES] [--batch SOCKETS]
import { createRequire } from 'node:module';
import { parseArgs } from 'node:util';
import { median } from './lib/stats.mjs';
import { dial, EAGAIN, kernel, must, sink } from './load/kernel.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    blocks: { type: 'string', default: '400' },
    size: { type: 'string', default: '64' },
    batch: { type: 'string', default: '64' },
  },
});
const [batch, blocks, size] = [values.batch, values.blocks, values.size].map(Number);
const ROUNDS = Math.ceil(4_000 / batch);
const message = Buffer.alloc(size, 'x');
const require = createRequire(import.meta.url);
const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

async function makeServer(name) {
  const net = require(name === 'node' ? 'node:net' : name);
  const server = net.createServer((socket) => socket.on('data', (data) => socket.write(data)));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  const clients = Array.from({ length: batch }, () => dial({ host: '127.0.0.1', port }));
  for (let i = 0; i < 50; i++) await nextTurn();
  return { name, clients, times: [] };
}

async function round({ clients }) {
  for (const fd of clients) must('write', kernel.write(fd, message, 0, size));
  let left = clients.length;
  while (left > 0) {
    await nextTurn();
    left = 0;
    for (const fd of clients) if (kernel.peek(fd, sink, 0, size) === -EAGAIN) left++;
  }
  for (const fd of clients) must('read', kernel.read(fd, sink, 0, sink.length));
}

async function block(server) {
  const before = process.cpuUsage();
  for (let i = 0; i < ROUNDS; i++) await round(server);
  const { user, system } = process.cpuUsage(before);
  server.times.push((user + system) / ROUNDS / batch);
}

const names = positionals.length > 0 ? positionals : [require.resolve('../dist/index.js'), 'node'];
const servers = [];
for (const name of names) servers.push(await makeServer(name));
for (let i = 0; i < blocks; i++) for (const server of servers) await block(server);
for (const { name, times } of servers) {
  const steady = times.slice(times.length >> 2).sort((a, b) => a - b);
  const tenth = steady[Math.floor(steady.length / 10)];
  const texts = [steady[0], tenth, median(steady)].map((value) => value.toFixed(3));
  console.log(`${name}: least ${texts[0]}, tenth ${texts[1]}, median ${texts[2]} µs per message`);
}
process.exit();
