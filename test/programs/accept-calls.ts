/**
 * Accepts connections that come one by one and many at once, and prints how many calls of accept(2)
 * gave one, and how many none. With the argument `silent`, on a kernel that tells of a listener no
 * more than that it is one, as gVisor's.
 */
import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { decorateKernel } from '#internal/transport/host';

const COUNT = 200;
const isSilent = process.argv[2] === 'silent';
let given = 0;
let none = 0;

decorateKernel((kernel) => ({
  ...kernel,
  accept(fd) {
    const status = kernel.accept(fd);
    if (status >= 0) given++;
    else none++;
    return status;
  },
  getsockopt(fd, level, name, into) {
    const length = kernel.getsockopt(fd, level, name, into);
    const { IPPROTO_TCP, TCP_INFO } = kernel.constants;
    if (isSilent && level === IPPROTO_TCP && name === TCP_INFO) into.fill(0, 1);
    return length;
  },
}));

async function main(): Promise<void> {
  const { createServer } = await import('barewire');
  let accepted = 0;
  const server = createServer((socket) => {
    socket.end();
    socket.resume();
    if (++accepted === COUNT) server.close();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const visit = async (): Promise<void> => {
    const client = connect(port, '127.0.0.1');
    client.resume();
    await once(client, 'close');
  };
  for (let i = 0; i < COUNT / 2; i++) await visit();
  await Promise.all(Array.from({ length: COUNT / 2 }, visit));
  await once(server, 'close');
  console.log(`${given} accepted, ${none} in vain`);
}

void main();
