/** Has one thing left, which keeps a process alive or does not. */
import { connect, createServer, type Socket } from 'barewire';

const [what = '', target = ''] = process.argv.slice(2);
const port = Number(target);

function connected(use: (socket: Socket) => void): void {
  const socket: Socket = connect({ port, host: '127.0.0.1' }, () => use(socket));
}

const LEFT: Record<string, () => void> = {
  'nothing but the loaded module': () => {},
  'a listening server': () => createServer().listen(0),
  'a server with unref() and ref()': () => createServer().listen(0).unref().ref(),
  'a server with unref()': () => createServer().listen(0).unref(),
  'a server with unref() before listen()': () => createServer().unref().listen(0),
  'a closed server': () => createServer().listen(0).close(),
  'an idle socket that reads': () => connected((socket) => socket.resume()),
  'an idle socket with unref()': () => connected((socket) => socket.resume().unref()),
  'an idle socket with unref() and ref()': () =>
    connected((socket) => socket.resume().unref().ref()),
  'a destroyed socket': () => connected((socket) => socket.resume().destroy()),
  'a write that the peer does not take': () =>
    connected((socket) => socket.pause().write(Buffer.alloc(32 * 1024 * 1024))),
  'an unreferenced server and a socket': () => {
    createServer().listen(0).unref();
    connected((socket) => socket.resume());
  },
};

LEFT[what]?.();
console.log('ready');
