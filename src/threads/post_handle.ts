/**
 * Passes sockets and servers between worker threads. All threads of a process share its
 * descriptors, so the sender passes the number of a descriptor. For each handle it makes a
 * MessagePort, puts the number on it and transfers the port with the message: a program may pass a
 * stranger's data to a thread, but data can not be a port. The sender keeps its descriptor until
 * the receiver has made a copy of its own. So if a thread on either side dies, no descriptor stays
 * open.
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
import { arriveAsSocket } from '../net/moving/arrive.js';
import { departWhenTaken, duplicateServer } from '../net/moving/depart.js';
import { closeDescriptor, duplicateDescriptor, socketIdentity } from '../net/moving/descriptor.js';
import { isOurSocket } from '../net/moving/ours.js';
import { listenOnOwned } from '../net/server/listen.js';
import { kAcceptor } from '../net/symbols.js';
import type { Server, Socket } from '../node.js';
import nodeNet from '../node.js';
import { invalidArgValue } from '../util/errors.js';

/** A worker, `parentPort`, or one end of a MessageChannel. */
export type HandlePort = Worker | MessagePort;

const ENVELOPE = 'barewire:handle';

/**
 * The message on the user's port. All of it but the parcel could be data that a program passes on.
 */
interface Envelope {
  readonly barewire: typeof ENVELOPE;
  /** The port with the parcel on it. Data can not forge it, since a port has to be transferred. */
  readonly parcel: MessagePort;
  readonly message: unknown;
}

/** A message that claims to be an envelope. */
type Claimed = Readonly<Partial<Record<keyof Envelope, unknown>>>;

interface Parcel {
  /** `'socket'`, or for a server the profile of its class. */
  readonly kind: 'socket' | 'manual' | 'node';
  readonly fd: number;
  /** Identifies the socket, in case that the number refers to another socket by now. */
  readonly identity: string;
  readonly unread: readonly Uint8Array[];
  readonly allowHalfOpen: boolean;
}

function isEnvelope(value: unknown): value is Claimed {
  if (typeof value !== 'object' || value === null) return false;
  return Object.hasOwn(value, 'barewire') && (value as Claimed).barewire === ENVELOPE;
}

/** Descriptors of this thread that are under way, by the port that reports their arrival. */
class InFlight {
  private readonly open = new Map<MessagePort, { readonly fd: number; readonly to: HandlePort }>();
  private readonly targets = new WeakSet<HandlePort>();

  add(fd: number, to: HandlePort, answers: MessagePort): void {
    this.open.set(answers, { fd, to });
    // This listener also keeps a sender alive that has nothing else to do.
    const over = (): void => this.close(answers);
    answers.once('message', over);
    answers.once('close', over);
    this.watch(to);
  }

  /** When the other side is gone, closes the descriptors that it did not take. */
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

  /** Gives a descriptor up without closing it. Returns its number; -1 if it is closed already. */
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
 * both by `onHandle`. A socket leaves this thread, with the bytes that it has read and nobody has
 * consumed. A server is shared: both threads accept, until one closes its own. If the other thread
 * ends before it has the socket, the connection is closed.
 * @throws `ERR_SOCKET_CLOSED`, `ERR_SERVER_NOT_RUNNING` if there is no descriptor to send, and
 * `DataCloneError` for a message that can not be posted; then the handle stays here
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

/** The parcels that are open already: several listeners may use one port. */
const opened = new WeakMap<MessagePort, unknown>();

function malformed(what: string, value: unknown): Error {
  return invalidArgValue(`message.${what}`, value, 'did not come from postHandle');
}

function isKind(kind: unknown): kind is Parcel['kind'] {
  return kind === 'socket' || kind === 'manual' || kind === 'node';
}

/** Opens the parcel of an envelope. Throws if `postHandle` did not make it. */
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

/** Tells the sender that this thread has a copy of the descriptor, or wants none. */
function sayTaken({ parcel }: Claimed): void {
  if (!(parcel instanceof MessagePort)) return;
  parcel.postMessage('taken');
  parcel.close();
}

/** A copy of the sent descriptor for this thread; -1 if the sending thread died with its own. */
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

/** Takes the contents of an envelope, once, and tells the sender. */
function receive(envelope: Claimed): { handle: Socket | Server | null; error: Error | null } {
  try {
    return { handle: take(open(envelope)), error: null };
  } catch (error) {
    return { handle: null, error: error as Error };
  } finally {
    sayTaken(envelope);
  }
}

/** Gets a message and its handle. If there is no handle, `error` says why. */
export type HandleListener = (
  message: unknown,
  handle: Socket | Server | null,
  error: Error | null,
) => void;

/**
 * Calls `listener` with each message that came with a handle over `port`, and with this thread's
 * socket or server for it. `handle` is null if the sending thread died before this thread could
 * take it. `handle` is also null, and `error` says why, if the message is not from `postHandle`
 * (its sender passed on data that looks like one: `ERR_INVALID_ARG_VALUE`), or if this thread can
 * not have the descriptor (the system's code). `listener` does not get other messages. Other
 * listeners on `port` get all messages, those with a handle as well: objects whose `barewire` is
 * `'barewire:handle'`. Returns a function that stops listening.
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
