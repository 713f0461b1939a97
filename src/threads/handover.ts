/**
 * Sockets and servers between worker threads. Descriptors belong to the whole
 * process, so a number is all that travels; the sender keeps its copy until the receiver has made
 * one of its own, so that a thread which dies on either side leaves nothing open.
 */
import type { MessagePort, Worker } from 'node:worker_threads';
import {
  adoptDescriptor,
  closeDescriptor,
  detachSocket,
  duplicateDescriptor,
  duplicateServer,
  isOurSocket,
  listenOnDescriptor,
  socketIdentity,
  socketOfDescriptor,
} from '../net/transfer.js';
import type { Server, Socket } from '../node.js';
import net from '../node.js';

/** A worker, `parentPort`, or one end of a MessageChannel. */
export type HandlePort = Worker | MessagePort;

const ENVELOPE = 'barewire:handle';
const TAKEN = 'barewire:handle-taken';

interface Envelope {
  readonly barewire: typeof ENVELOPE;
  readonly id: number;
  readonly kind: 'socket' | 'server';
  readonly fd: number;
  /** So that a number which means another socket by now is not taken for this one. */
  readonly identity: string;
  readonly unread: readonly Uint8Array[];
  readonly allowHalfOpen: boolean;
  readonly message: unknown;
}

interface Taken {
  readonly barewire: typeof TAKEN;
  readonly id: number;
}

function tagOf(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'barewire' in value ? value.barewire : null;
}

/** Descriptors on their way over one port, by the envelope they are in. */
class InFlight {
  private readonly open = new Map<number, number>();
  private nextId = 1;
  private readonly onMessage = (value: unknown): void => {
    if (tagOf(value) === TAKEN) this.taken((value as Taken).id);
  };

  constructor(private readonly port: HandlePort) {
    // The other side is gone: what it did not take is closed here.
    const gone = (): void => this.closeAll();
    port.once('exit', gone);
    port.once('close', gone);
  }

  add(fd: number): number {
    const id = this.nextId++;
    // Listening keeps the port alive, which is right only while something is under way.
    if (this.open.size === 0) this.port.on('message', this.onMessage);
    this.open.set(id, fd);
    return id;
  }

  private taken(id: number): void {
    const fd = this.open.get(id);
    if (fd === undefined) return;
    this.open.delete(id);
    closeDescriptor(fd);
    if (this.open.size === 0) this.port.off('message', this.onMessage);
  }

  private closeAll(): void {
    for (const fd of this.open.values()) closeDescriptor(fd);
    this.open.clear();
    this.port.off('message', this.onMessage);
  }
}

const inFlight = new WeakMap<HandlePort, InFlight>();

function flightOf(port: HandlePort): InFlight {
  let flight = inFlight.get(port);
  if (flight === undefined) {
    flight = new InFlight(port);
    inFlight.set(port, flight);
  }
  return flight;
}

/**
 * Sends `message` with a socket or a server to the thread at the other end of `port`, which gets
 * both by `onHandle`. A socket leaves this thread, with the bytes it has read and nobody consumed;
 * a server is shared: both threads accept, until one closes its own.
 * @throws `ERR_SOCKET_CLOSED`, `ERR_SERVER_NOT_RUNNING` where there is no descriptor to send
 */
export function postHandle(port: HandlePort, message: unknown, handle: Socket | Server): void {
  const socket = isOurSocket(handle);
  let fd: number;
  let unread: readonly Buffer[] = [];
  if (socket) {
    const detached = detachSocket(handle);
    ({ fd, unread } = detached);
    adoptDescriptor(fd);
    // Its server counts it no more, and 'close' tells its listeners that it is gone from here.
    handle.destroy();
  } else {
    fd = duplicateServer(handle);
  }
  const envelope: Envelope = {
    barewire: ENVELOPE,
    id: flightOf(port).add(fd),
    kind: socket ? 'socket' : 'server',
    fd,
    identity: socketIdentity(fd),
    unread,
    allowHalfOpen: handle.allowHalfOpen,
    message,
  };
  port.postMessage(envelope);
}

function take(envelope: Envelope): Socket | Server | null {
  const { fd, identity, kind, allowHalfOpen, unread } = envelope;
  let mine: number;
  try {
    mine = duplicateDescriptor(fd);
  } catch {
    // The sender's thread died with it.
    return null;
  }
  if (socketIdentity(mine) !== identity) {
    closeDescriptor(mine);
    return null;
  }
  if (kind === 'server') {
    const server = new net.Server({ allowHalfOpen });
    listenOnDescriptor(server, mine);
    return server;
  }
  const bytes = unread.map((chunk) => Buffer.from(chunk));
  return socketOfDescriptor(mine, { allowHalfOpen, readable: true, writable: true }, bytes);
}

/**
 * Calls `listener` with each message that came with a handle over `port`, and the socket or server
 * of this thread for it; null where the sending thread died before it could be taken. Other
 * messages are left to other listeners. Returns a function that stops listening.
 */
export function onHandle(
  port: HandlePort,
  listener: (message: unknown, handle: Socket | Server | null) => void,
): () => void {
  const receive = (value: unknown): void => {
    if (tagOf(value) !== ENVELOPE) return;
    const envelope = value as Envelope;
    const handle = take(envelope);
    const taken: Taken = { barewire: TAKEN, id: envelope.id };
    port.postMessage(taken);
    listener(envelope.message, handle);
  };
  port.on('message', receive);
  return () => {
    port.off('message', receive);
  };
}
