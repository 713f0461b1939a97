/** Makes one error and prints what follows, as JSON lines. It must then end by itself. */
import type { EventEmitter } from 'node:events';
import { connect as connectPlain } from 'node:net';
import type { Server } from 'barewire';

const [profile = 'barewire', what = '', target = ''] = process.argv.slice(2);
const { connect, createServer } = require(profile) as typeof import('barewire');

const startedAt = Date.now();
function print(event: string, details: object = {}): void {
  console.log(JSON.stringify({ event, ...details }));
}

function watch(emitter: EventEmitter): void {
  emitter.on('error', (error: NodeJS.ErrnoException & { address?: string; port?: number }) => {
    const { code, errno, syscall, address, port, message } = error;
    const own = Object.keys(error).sort();
    print('error', { code, errno, syscall, address, port, message, own });
  });
  emitter.on('close', (hadError?: boolean) => print('close', { hadError }));
  for (const event of ['connect', 'listening', 'end', 'data']) {
    emitter.on(event, () => print(event));
  }
}

/** Binds the same place twice. */
function bindTwice(): void {
  const first = createServer();
  const listen = (server: Server): Server =>
    target === '' ? server.listen(port, '127.0.0.1') : server.listen(target);
  let port = 0;
  first.on('listening', () => {
    const address = first.address();
    if (address !== null && typeof address === 'object') port = address.port;
    print('port', { port });
    const second = createServer();
    watch(second);
    listen(second);
    // The first one works on, until it is closed.
    setTimeout(() => {
      const peer = target === '' ? connectPlain(port, '127.0.0.1') : connectPlain(target);
      peer.on('connect', () => peer.end()).on('close', () => first.close());
    }, 50);
    first.on('connection', (socket) => socket.resume());
  });
  listen(first);
}

const MAKE: Record<string, () => void> = {
  port: () => watch(connect(Number(target), '127.0.0.1')),
  name: () => watch(connect(80, target)),
  path: () => watch(connect(target)),
  bind: bindTwice,
};

MAKE[what]?.();
process.on('exit', () => print('exit', { ms: Date.now() - startedAt }));
