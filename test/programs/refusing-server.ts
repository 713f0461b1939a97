/**
 * A server of Node's own that says why it wants no more, and closes with bytes of the client's
 * unread: the kernel then resets the connection. It prints where it listens: TCP, then UNIX.
 */
import { type AddressInfo, createServer, type Socket } from 'node:net';

const [how = '', path = ''] = process.argv.slice(2);
const ANSWER =
  'HTTP/1.1 413 Payload Too Large\r\nconnection: close\r\ncontent-length: 9\r\n\r\ntoo large';

const ways: Record<string, (socket: Socket) => void> = {
  /** Reads a little, and answers a little later. */
  answer: (socket) => {
    socket.once('data', () => {
      socket.pause();
      setTimeout(() => socket.write(ANSWER, () => socket.destroy()), 15);
    });
  },
  /** Says something at once, whatever comes. */
  greet: (socket) => {
    socket.pause();
    socket.write(ANSWER, () => setTimeout(() => socket.destroy(), 1));
  },
  /** Says something and resets the connection, which the client may not know to stand yet. */
  'greet and reset': (socket) => {
    socket.write(ANSWER, () => socket.resetAndDestroy());
  },
  /** In two parts, of which the second one comes while the client is busy with the first. */
  'answer in two parts': (socket) => {
    socket.once('data', () => {
      socket.pause();
      socket.write(ANSWER.slice(0, 20));
      setTimeout(() => socket.write(ANSWER.slice(20), () => socket.destroy()), 10);
    });
  },
};

const onConnection = (socket: Socket): void => {
  socket.on('error', () => {});
  ways[how]?.(socket);
};
const tcp = createServer(onConnection).listen(0, '127.0.0.1', () => {
  createServer(onConnection).listen(path, () => {
    console.log(`listening on ${(tcp.address() as AddressInfo).port}`);
  });
});
process.stdin.resume().on('end', () => process.exit());
