/** Begins with a simulation, before any of Node's modules was loaded; then uses real timers. */
import { simulate } from 'barewire/testing';

async function main(): Promise<void> {
  let left: WeakRef<object> | undefined;
  await simulate({ hosts: ['a', 'b'] }, async ({ clock, net }) => {
    // Never closed: the simulated kernel holds it, for as long as that is held itself.
    left = new WeakRef(net.createServer().listen(1));
    await import('node:net');
    await clock.sleep(1000);
  });
  const { createServer, connect } = await import('node:net');
  const server = createServer(() => {}).listen(0, '127.0.0.1', () => {
    const { port } = server.address() as { port: number };
    const socket = connect({ port, host: '127.0.0.1', timeout: 10 });
    socket.on('timeout', () => {
      console.log('timeout');
      // Node clears the timer of a socket here; a virtual clearTimeout would leave it.
      socket.setTimeout(10);
      socket.setTimeout(0);
      socket.removeAllListeners('timeout');
      socket.on('timeout', () => console.log('timeout though it was cleared'));
      setTimeout(async () => {
        socket.destroy();
        server.close();
        for (let i = 0; i < 30; i++) {
          await new Promise((resolve) => setImmediate(resolve));
          globalThis.gc?.();
        }
        console.log(left?.deref() === undefined ? 'world collected' : 'world held');
      }, 100);
    });
  });
}

void main();
