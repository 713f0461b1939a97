/**
 * Sockets and servers between worker threads. Descriptors belong to the whole
 * process, so a number is all that travels; the sender keeps its copy until the receiver has made
 * one of its own, so that a thread which dies on either side leaves nothing open.
 */
import { BroadcastChannel, type MessagePort, threadId, type Worker } from 'node:worker_threads';
import { refuseElsewhere } from '../fallback/announce.js';
import manualNet from '../index.js';
import { kServer } from '../net/internals.js';
import {
  closeDescriptor,
  duplicateDescriptor,
  duplicateServer,
  isOurSocket,
  listenOnDescriptor,
  moveSocket,
  socketIdentity,
  socketOfDescriptor,
} from '../net/transfer.js';
import type { Server, Socket } from '../node.js';
import nodeNet from '../node.js';

/** A worker, `parentPort`, or one end of a MessageChannel. */
export type HandlePort = Worker | MessagePort;

const ENVELOPE = 'barewire:handle';

interface Envelope {
  readonly barewire: typeof ENVELOPE;
  readonly id: number;
  /** The name of the channel on which the sender hears that this was taken. */
  readonly from: string;
  /** For a server, the profile of its class. */
  readonly kind: 'socket' | 'manual' | 'node';
  readonly fd: number;
  /** So that a number which means another socket by now is not taken for this one. */
  readonly identity: string;
  readonly unread: readonly Uint8Array[];
  readonly allowHalfOpen: boolean;
  readonly message: unknown;
}

/** What a receiver has taken, over the channel of the sender's thread. */
interface Taken {
  readonly id: number;
}

function tagOf(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'barewire' in value ? value.barewire : null;
}

/** Descriptors of this thread on their way to others, by the envelope they are in. */
class InFlight {
  /** Where to say that something was taken: a channel of its own, which disturbs no user's. */
  readonly name = `barewire:taken:${process.pid}:${threadId}`;
  private readonly channel = new BroadcastChannel(this.name);
  private readonly open = new Map<number, { readonly fd: number; readonly port: HandlePort }>();
  private readonly ports = new WeakSet<HandlePort>();
  private nextId = 1;

  constructor() {
    this.channel.onmessage = (event: unknown) => {
      this.close((event as { readonly data: Taken }).data.id);
    };
    this.channel.unref();
  }

  add(fd: number, port: HandlePort): number {
    const id = this.nextId++;
    // A sender that has nothing else to do waits for what is under way.
    if (this.open.size === 0) this.channel.ref();
    this.open.set(id, { fd, port });
    this.watch(port);
    return id;
  }

  /** The other side is gone: what it did not take is closed here. */
  private watch(port: HandlePort): void {
    if (this.ports.has(port)) return;
    this.ports.add(port);
    const gone = (): void => {
      for (const [id, entry] of [...this.open]) if (entry.port === port) this.close(id);
    };
    port.once('exit', gone);
    port.once('close', gone);
  }

  close(id: number): void {
    const entry = this.open.get(id);
    if (entry === undefined) return;
    this.open.delete(id);
    closeDescriptor(entry.fd);
    if (this.open.size === 0) this.channel.unref();
  }

  forget(id: number): void {
    this.open.delete(id);
    if (this.open.size === 0) this.channel.unref();
  }
}

let inFlight: InFlight | null = null;

function post(
  port: HandlePort,
  fd: number,
  about: Pick<Envelope, 'kind' | 'unread' | 'allowHalfOpen' | 'message'>,
): void {
  inFlight ??= new InFlight();
  const id = inFlight.add(fd, port);
  const { name } = inFlight;
  const identity = socketIdentity(fd);
  const envelope: Envelope = { barewire: ENVELOPE, id, from: name, fd, identity, ...about };
  try {
    port.postMessage(envelope);
  } catch (error) {
    // The descriptor is the caller's again.
    inFlight.forget(id);
    throw error;
  }
}

/**
 * Sends `message` with a socket or a server to the thread at the other end of `port`, which gets
 * both by `onHandle`. A socket leaves this thread, with the bytes it has read and nobody consumed;
 * a server is shared: both threads accept, until one closes its own. Where the other thread ends
 * before it has the socket, the connection is closed.
 * @throws `ERR_SOCKET_CLOSED`, `ERR_SERVER_NOT_RUNNING` where there is no descriptor to send, and
 * `DataCloneError` for a message that can not be posted; the handle stays here then
 */
export function postHandle(port: HandlePort, message: unknown, handle: Socket | Server): void {
  refuseElsewhere('postHandle()');
  const { allowHalfOpen } = handle;
  if (isOurSocket(handle)) {
    moveSocket(handle, (fd, unread) => {
      post(port, fd, { kind: 'socket', unread, allowHalfOpen, message });
    });
    return;
  }
  const fd = duplicateServer(handle);
  try {
    const kind = handle[kServer].profile.name;
    post(port, fd, { kind, unread: [], allowHalfOpen, message });
  } catch (error) {
    closeDescriptor(fd);
    throw error;
  }
}

const taken = new Map<string, BroadcastChannel>();

/** Tells the sender that this thread has a descriptor of its own. */
function sayTaken({ from, id }: Envelope): void {
  let channel = taken.get(from);
  if (channel === undefined) {
    channel = new BroadcastChannel(from);
    channel.unref();
    taken.set(from, channel);
  }
  const message: Taken = { id };
  channel.postMessage(message);
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
  if (kind !== 'socket') {
    const net = kind === 'manual' ? manualNet : nodeNet;
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
 * messages are left to other listeners, which see what carries a handle as well: an object whose
 * `barewire` is `'barewire:handle'`. Returns a function that stops listening.
 */
export function onHandle(
  port: HandlePort,
  listener: (message: unknown, handle: Socket | Server | null) => void,
): () => void {
  refuseElsewhere('onHandle()');
  const receive = (value: unknown): void => {
    if (tagOf(value) !== ENVELOPE) return;
    const envelope = value as Envelope;
    const handle = take(envelope);
    sayTaken(envelope);
    listener(envelope.message, handle);
  };
  port.on('message', receive);
  return () => {
    port.off('message', receive);
  };
}
