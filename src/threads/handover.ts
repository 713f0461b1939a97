/**
 * Sockets and servers between worker threads. All threads of a process share its descriptors, so
 * the sender passes a descriptor's number. It passes it over a MessagePort that it makes for this
 * one handle and transfers with the message: a program may hand a stranger's data to a thread, and
 * data can not be a port. The sender keeps its copy of the descriptor until the receiver has made
 * one of its own, so that a thread which dies on either side leaves nothing open.
 */
import { types } from 'node:util';
import {
  MessageChannel,
  MessagePort,
  receiveMessageOnPort,
  type Worker,
} from 'node:worker_threads';
import { refuseElsewhere } from '../fallback/announce.js';
import manualNet from '../index.js';
import { invalidArgValue } from '../net/checks.js';
import { arriveAsSocket } from '../net/moving/arrive.js';
import { departWhenTaken, duplicateServer } from '../net/moving/depart.js';
import { closeDescriptor, duplicateDescriptor, socketIdentity } from '../net/moving/descriptor.js';
import { isOurSocket } from '../net/moving/ours.js';
import { listenOnOwned } from '../net/server/listen.js';
import { kAcceptor } from '../net/symbols.js';
import type { Server, Socket } from '../node.js';
import nodeNet from '../node.js';

/** A worker, `parentPort`, or one end of a MessageChannel. */
export type HandlePort = Worker | MessagePort;

const ENVELOPE = 'barewire:handle';

/** What goes over the user's port. All but the parcel could be data that somebody passes on. */
interface Envelope {
  readonly barewire: typeof ENVELOPE;
  /** A port on which the parcel lies: no data can make one, since it has to be transferred. */
  readonly parcel: MessagePort;
  readonly message: unknown;
}

/** What `tagOf` says was meant to be one. */
type Claimed = Readonly<Partial<Record<keyof Envelope, unknown>>>;

interface Parcel {
  /** For a server, the profile of its class. */
  readonly kind: 'socket' | 'manual' | 'node';
  readonly fd: number;
  /** So that a number which means another socket by now is not taken for this one. */
  readonly identity: string;
  readonly unread: readonly Uint8Array[];
  readonly allowHalfOpen: boolean;
}

function isEnvelope(value: unknown): value is Claimed {
  if (typeof value !== 'object' || value === null) return false;
  return Object.hasOwn(value, 'barewire') && (value as Claimed).barewire === ENVELOPE;
}

/** Descriptors of this thread on their way to others, by the port that hears of their arrival. */
class InFlight {
  private readonly open = new Map<MessagePort, { readonly fd: number; readonly to: HandlePort }>();
  private readonly targets = new WeakSet<HandlePort>();

  add(fd: number, to: HandlePort, answers: MessagePort): void {
    this.open.set(answers, { fd, to });
    // A sender that has nothing else to do waits for what is under way, by this listener.
    const over = (): void => this.close(answers);
    answers.once('message', over);
    answers.once('close', over);
    this.watch(to);
  }

  /** The other side is gone: what it did not take is closed here. */
  private watch(port: HandlePort): void {
    if (this.targets.has(port)) return;
    this.targets.add(port);
    const gone = (): void => {
      for (const [answers, { to }] of [...this.open]) if (to === port) this.close(answers);
    };
    port.once('exit', gone);
    port.once('close', gone);
  }

  private close(answers: MessagePort): void {
    const fd = this.forget(answers);
    if (fd >= 0) closeDescriptor(fd);
  }

  /** The descriptor is somebody else's, or the caller's again. Returns it; -1 where it is gone. */
  forget(answers: MessagePort): number {
    const fd = this.open.get(answers)?.fd ?? -1;
    this.open.delete(answers);
    answers.close();
    return fd;
  }
}

const inFlight = new InFlight();

function post(
  port: HandlePort,
  fd: number,
  about: Pick<Parcel, 'kind' | 'unread' | 'allowHalfOpen'>,
  message: unknown,
): void {
  const { port1: answers, port2: parcel } = new MessageChannel();
  const contents: Parcel = { fd, identity: socketIdentity(fd), ...about };
  answers.postMessage(contents);
  inFlight.add(fd, port, answers);
  const envelope: Envelope = { barewire: ENVELOPE, parcel, message };
  try {
    port.postMessage(envelope, [parcel]);
  } catch (error) {
    inFlight.forget(answers);
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
    departWhenTaken(handle, (fd, unread) => {
      post(port, fd, { kind: 'socket', unread, allowHalfOpen }, message);
    });
    return;
  }
  const fd = duplicateServer(handle);
  try {
    const kind = handle[kAcceptor].profile.name;
    post(port, fd, { kind, unread: [], allowHalfOpen }, message);
  } catch (error) {
    closeDescriptor(fd);
    throw error;
  }
}

/** Parcels that were opened already: several may listen on one port. */
const opened = new WeakMap<MessagePort, unknown>();

function malformed(what: string, value: unknown): Error {
  return invalidArgValue(`message.${what}`, value, 'did not come from postHandle');
}

function isKind(kind: unknown): kind is Parcel['kind'] {
  return kind === 'socket' || kind === 'manual' || kind === 'node';
}

/** What came with an envelope. Throws where the parcel is none that `postHandle` made. */
function open({ parcel }: Claimed): Parcel {
  if (!(parcel instanceof MessagePort)) throw malformed('parcel', parcel);
  if (!opened.has(parcel)) opened.set(parcel, receiveMessageOnPort(parcel)?.message);
  const contents = opened.get(parcel);
  if (typeof contents !== 'object' || contents === null) throw malformed('parcel', contents);
  const { kind, fd, identity, unread, allowHalfOpen } = contents as Partial<Parcel>;
  if (!isKind(kind)) throw malformed('kind', kind);
  if (typeof fd !== 'number') throw malformed('fd', fd);
  if (typeof identity !== 'string') throw malformed('identity', identity);
  if (!Array.isArray(unread) || !unread.every(types.isUint8Array))
    throw malformed('unread', unread);
  return { kind, fd, identity, unread, allowHalfOpen: allowHalfOpen === true };
}

/** Tells the sender that this thread has a descriptor of its own, or wants none. */
function sayTaken({ parcel }: Claimed): void {
  if (!(parcel instanceof MessagePort)) return;
  parcel.postMessage('taken');
  parcel.close();
}

/** A descriptor of this thread for what was sent; -1 where the sending thread died with its own. */
function duplicateSent({ fd, identity }: Parcel): number {
  let mine: number;
  try {
    mine = duplicateDescriptor(fd);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EBADF') return -1;
    throw error;
  }
  if (socketIdentity(mine) === identity) return mine;
  closeDescriptor(mine);
  return -1;
}

function take(parcel: Parcel): Socket | Server | null {
  const mine = duplicateSent(parcel);
  if (mine < 0) return null;
  const { kind, allowHalfOpen, unread } = parcel;
  if (kind !== 'socket') {
    const net = kind === 'manual' ? manualNet : nodeNet;
    const server = new net.Server({ allowHalfOpen });
    listenOnOwned(server, mine);
    return server;
  }
  const bytes = unread.map((chunk) => Buffer.from(chunk));
  return arriveAsSocket(mine, { allowHalfOpen, readable: true, writable: true }, bytes);
}

/** Takes what an envelope brings, once, and lets the sender know. */
function receive(envelope: Claimed): { handle: Socket | Server | null; error: Error | null } {
  try {
    return { handle: take(open(envelope)), error: null };
  } catch (error) {
    return { handle: null, error: error as Error };
  } finally {
    sayTaken(envelope);
  }
}

/** Gets a message and what came with it; `error` tells why nothing did. */
export type HandleListener = (
  message: unknown,
  handle: Socket | Server | null,
  error: Error | null,
) => void;

/**
 * Calls `listener` with each message that came with a handle over `port`, and the socket or server
 * of this thread for it; null where the sending thread died before it could be taken. Where the
 * message did not come from `postHandle` (its sender passed on data that looks like one), or this
 * thread can not have the descriptor, `handle` is null as well and `error` says why, with the code
 * `ERR_INVALID_ARG_VALUE` or the system's. Other messages are left to other listeners, which see
 * what carries a handle as well: an object whose `barewire` is `'barewire:handle'`. Returns a
 * function that stops listening.
 */
export function onHandle(port: HandlePort, listener: HandleListener): () => void {
  refuseElsewhere('onHandle()');
  const onMessage = (value: unknown): void => {
    if (!isEnvelope(value)) return;
    const { handle, error } = receive(value);
    listener(value.message, handle, error);
  };
  port.on('message', onMessage);
  return () => {
    port.off('message', onMessage);
  };
}
