// A SOCKS 5 server of a few lines: no authentication, CONNECT only.
import net from 'node:net';

const REFUSED = 5;

/** Reads `count` bytes with the paused stream's read(), as parsers do. */
function read(socket, count) {
  return new Promise((resolve, reject) => {
    const attempt = () => {
      const chunk = socket.read(count);
      if (chunk === null) {
        socket.once('readable', attempt);
        return;
      }
      socket.off('close', reject);
      resolve(chunk);
    };
    socket.once('close', reject);
    attempt();
  });
}

async function destination(socket) {
  const [, , , kind] = await read(socket, 4);
  if (kind === 1) return [...(await read(socket, 4))].join('.');
  const [length] = await read(socket, 1);
  return String(await read(socket, length));
}

async function serve(socket) {
  const [, methods] = await read(socket, 2);
  await read(socket, methods);
  socket.write(Buffer.from([5, 0]));
  const host = await destination(socket);
  const port = (await read(socket, 2)).readUInt16BE();
  const reply = (code) => Buffer.from([5, code, 0, 1, 0, 0, 0, 0, 0, 0]);
  const out = net.connect({ host, port, allowHalfOpen: true });
  out.on('error', () => socket.end(reply(REFUSED)));
  out.on('connect', () => {
    socket.write(reply(0));
    socket.pipe(out).pipe(socket);
  });
  socket.on('close', () => out.destroy());
}

export function socksServer() {
  return net.createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {});
    serve(socket).catch(() => socket.destroy());
  });
}
