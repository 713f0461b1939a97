/** Sets `server.highWaterMark` to what Duplex refuses, and back, while connections come. */
import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { createServer } from 'barewire';

process.on('uncaughtException', (error: NodeJS.ErrnoException) => {
  console.log(`uncaught ${error.code ?? error.message}`);
});

async function main(): Promise<void> {
  const server = createServer((socket) => socket.end(String(socket.readableHighWaterMark)));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  for (const mark of [-1, 5000]) {
    (server as unknown as { highWaterMark: number }).highWaterMark = mark;
    const client = connect(port, '127.0.0.1');
    let text = '';
    client.on('data', (chunk) => {
      text += String(chunk);
    });
    client.on('error', () => {});
    await new Promise((resolve) => client.once('close', resolve));
    console.log(`${mark}: ${text}`);
  }
  server.close();
  await once(server, 'close');
  console.log('closed');
}

void main();
