/**
 * `for await (const socket of server)` for the runtime's own servers. They can not leave
 * connections in the kernel's backlog, so connections that nobody has asked for yet wait here.
 */
import type builtin from 'node:net';
import { ConnectionIterator, type IterationOptions } from '../net/server/connection_iterator.js';
import type { Server } from '../net/server/server.js';
import { kAcceptor } from '../net/symbols.js';

function ignore(): void {}

/** The connections of a server that nobody has asked for yet. */
class Waiting {
  private holds = 0;
  private readonly sockets: builtin.Socket[] = [];

  constructor(private readonly server: builtin.Server) {
    const { emit, close } = server;
    this.replace('emit', (...args: unknown[]) => {
      if (args[0] !== 'connection' || this.holds === 0) return Reflect.apply(emit, server, args);
      this.keep(args[1] as builtin.Socket);
      return true;
    });
    this.replace('close', (...args: unknown[]) => {
      for (const socket of this.sockets.splice(0)) socket.destroy();
      return Reflect.apply(close, server, args);
    });
  }

  private replace(name: 'emit' | 'close', value: (...args: unknown[]) => unknown): void {
    Object.defineProperty(this.server, name, { value, configurable: true, writable: true });
  }

  private keep(socket: builtin.Socket): void {
    socket.on('error', ignore);
    this.sockets.push(socket);
  }

  hold(): void {
    this.holds++;
  }

  /**
   * Lets connections through again. A tick later, since the caller adds its listener after this
   * call.
   */
  release(): void {
    if (--this.holds === 0) process.nextTick(() => this.handOut());
  }

  private handOut(): void {
    while (this.holds === 0) {
      const socket = this.sockets.shift();
      if (socket === undefined) return;
      socket.off('error', ignore);
      if (!socket.destroyed) this.server.emit('connection', socket);
    }
  }
}

const waiting = new WeakMap<object, Waiting>();

function waitingOf(server: builtin.Server): Waiting {
  const found = waiting.get(server) ?? new Waiting(server);
  waiting.set(server, found);
  return found;
}

/** Makes the servers with this prototype iterable. The properties are not enumerable. */
export function makeIterable(prototype: builtin.Server): void {
  if (kAcceptor in prototype) return;
  Object.defineProperty(prototype, kAcceptor, {
    get(this: builtin.Server) {
      return waitingOf(this);
    },
    configurable: true,
  });
  Object.defineProperty(prototype, Symbol.asyncIterator, {
    value(this: unknown, options?: IterationOptions) {
      return new ConnectionIterator(this as Server, options);
    },
    configurable: true,
    writable: true,
  });
}
