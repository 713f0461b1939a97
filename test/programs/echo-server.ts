/** An echo server on a UNIX path, or on any port. Prints where it listens, as one line. */
import { type AddressInfo, createServer } from 'barewire';

const server = createServer((socket) => {
  socket.on('error', (error) => console.error(String(error)));
  socket.pipe(socket);
});

const report = (): void => {
  const address = server.address();
  console.log(typeof address === 'string' ? address : (address as AddressInfo).port);
};

const path = process.argv[2];
if (path === undefined) server.listen(0, '127.0.0.1', report);
else server.listen(path, report);
