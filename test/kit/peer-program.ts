/** The peer's program: node:net, told what to do by messages. */
import { createHash } from 'node:crypto';
import net from 'node:net';
import {
  type PeerAnswer,
  type PeerCalls,
  type PeerConnect,
  type PeerListen,
  type PeerRequest,
  type PeerState,
  type PeerWait,
  pattern,
  TEXT_BYTES_MAX,
} from './peer-calls.js';

class Held {
  private readonly chunks: Buffer[] = [];
  private readonly hash = createHash('sha1');
  private bytes = 0;
  private ended = false;
  private closed = false;
  private error: string | null = null;
  private watchers: (() => void)[] = [];

  constructor(readonly socket: net.Socket) {
    socket.on('data', (chunk) => {
      if (this.bytes < TEXT_BYTES_MAX) this.chunks.push(chunk);
      this.hash.update(chunk);
      this.bytes += chunk.length;
      this.changed();
    });
    socket.on('end', () => {
      this.ended = true;
      this.changed();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.error = error.code ?? error.message;
    });
    socket.on('close', () => {
      this.closed = true;
      this.changed();
    });
    socket.on('drain', () => this.changed());
  }

  state(): PeerState {
    const { localAddress, localPort, remoteAddress, remotePort } = this.socket;
    return {
      bytes: this.bytes,
      text: Buffer.concat(this.chunks).toString('latin1').slice(0, TEXT_BYTES_MAX),
      sha1: this.hash.copy().digest('hex'),
      ended: this.ended,
      closed: this.closed,
      error: this.error,
      pending: this.socket.writableLength,
      localAddress,
      localPort,
      remoteAddress,
      remotePort,
    };
  }

  changed(): void {
    const { watchers } = this;
    this.watchers = [];
    for (const watcher of watchers) watcher();
  }

  async until(wait: PeerWait): Promise<PeerState> {
    for (;;) {
      const enough =
        this.bytes >= (wait.bytes ?? 0) &&
        (!wait.ended || this.ended) &&
        (!wait.closed || this.closed) &&
        (!wait.flushed || this.socket.writableLength === 0);
      if (enough) return this.state();
      await new Promise<void>((resolve) => this.watchers.push(resolve));
    }
  }
}

interface Listening {
  readonly server: net.Server;
  readonly accepted: number[];
  readonly waiters: ((socket: number) => void)[];
}

const sockets: Held[] = [];
const servers: Listening[] = [];

function hold(socket: net.Socket): number {
  return sockets.push(new Held(socket)) - 1;
}

function held(socket: number): Held {
  const found = sockets[socket];
  if (found === undefined) throw new Error(`the peer has no socket ${socket}`);
  return found;
}

async function listen(options: PeerListen): Promise<{ server: number; port: number }> {
  const { allowHalfOpen = false, pauseOnConnect = false, ...where } = options;
  const server = net.createServer({ allowHalfOpen, pauseOnConnect });
  const listening: Listening = { server, accepted: [], waiters: [] };
  server.on('connection', (socket) => {
    const index = hold(socket);
    if (pauseOnConnect) socket.pause();
    const waiter = listening.waiters.shift();
    if (waiter) waiter(index);
    else listening.accepted.push(index);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(where.path === undefined ? { port: 0, ...where } : where, resolve);
  });
  const address = server.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  return { server: servers.push(listening) - 1, port };
}

function connect(options: PeerConnect): Promise<number | string> {
  const { paused, ...target } = options;
  return new Promise((resolve) => {
    const socket = net.connect(target as net.TcpNetConnectOpts);
    const index = hold(socket);
    if (paused) socket.pause();
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    socket.once('connect', () => resolve(index));
  });
}

const calls: PeerCalls = {
  listen,
  connect,
  unlisten: (server) =>
    new Promise<void>((resolve) => {
      servers[server]?.server.close();
      resolve();
    }),
  accept: (server) => {
    const listening = servers[server];
    if (listening === undefined) throw new Error(`the peer has no server ${server}`);
    const first = listening.accepted.shift();
    if (first !== undefined) return Promise.resolve(first);
    return new Promise((resolve) => listening.waiters.push(resolve));
  },
  write: (socket, latin1) => {
    held(socket).socket.write(latin1, 'latin1');
  },
  fill: (socket, bytes) => {
    held(socket).socket.write(pattern(bytes), () => held(socket).changed());
  },
  end: (socket, latin1) => {
    if (latin1 === undefined) held(socket).socket.end();
    else held(socket).socket.end(latin1, 'latin1');
  },
  destroy: (socket) => {
    held(socket).socket.destroy();
  },
  reset: (socket) => {
    held(socket).socket.resetAndDestroy();
  },
  pause: (socket) => {
    held(socket).socket.pause();
  },
  resume: (socket) => {
    held(socket).socket.resume();
  },
  state: (socket) => held(socket).state(),
  until: (socket, wait) => held(socket).until(wait),
  destroyAll: () => {
    for (const { socket } of sockets) socket.destroy();
    for (const { server } of servers) if (server.listening) server.close();
  },
};

process.on('message', async (request: PeerRequest) => {
  const answer: PeerAnswer = { id: request.id };
  try {
    const call = calls[request.call] as (...args: unknown[]) => unknown;
    answer.value = await call(...request.args);
  } catch (error) {
    answer.error = error instanceof Error ? error.message : String(error);
  }
  process.send?.(answer);
});
process.on('disconnect', () => process.exit());
