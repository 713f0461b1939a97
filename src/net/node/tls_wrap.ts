/**
 * Node's `tls` puts a stream that is not its own into a wrapper that listens for its `'data'`. A
 * socket in there is TLS's alone, whoever had it before (STARTTLS).
 */
import { Duplex } from 'node:stream';
import { dropDecoder, type DuplexInside as Socket } from './stream_state.js';

/** What the source of the wrapper's listeners says, by event; and the name of the first. */
const MARKS: Readonly<Record<string, string>> = {
  data: 'ERR_STREAM_WRAP',
  end: 'emitEOF',
  close: 'this.destroy()',
  error: "this.emit('error'",
};
const NAME = 'ondata';

type Listener = (...args: unknown[]) => void;

/** `pipe` has a listener of the same name: the source tells, and is read once for each. */
const known = new WeakMap<object, boolean>();

/** Whether this listener for `'data'` is that wrapper's. */
export function isWrapper(listener: { readonly name: string }): boolean {
  if (listener.name !== NAME) return false;
  let is = known.get(listener);
  if (is === undefined) {
    is = String(listener).includes(MARKS['data'] ?? '');
    known.set(listener, is);
  }
  return is;
}

/**
 * Who had the socket may call `removeAllListeners` on it afterwards, which does TLS no harm where
 * it has the descriptor. Here it must keep its listeners.
 */
function keepListeners(socket: Socket): void {
  if (Object.hasOwn(socket, 'removeAllListeners')) return;
  const kept = Object.entries(MARKS).flatMap(([event, mark]) =>
    socket
      .listeners(event)
      .filter((listener) => String(listener).includes(mark))
      .map((listener) => ({ event, listener: listener as Listener })),
  );
  const { removeAllListeners } = socket;
  socket.removeAllListeners = function keeping(this: Socket, ...events: string[]): Socket {
    Reflect.apply(removeAllListeners, this, events);
    for (const { event, listener } of kept) {
      if (!this.listeners(event).includes(listener))
        Reflect.apply(this.on, this, [event, listener]);
    }
    return this;
  } as Socket['removeAllListeners'];
}

/** How the socket that was paused last flowed before: the wrapper pauses it first of all. */
export const flowBefore: { flowing: boolean | null; isPaused: boolean } = {
  flowing: null,
  isPaused: false,
};

/** Called where `socket` is about to be paused. */
export function noteFlow(socket: Socket): void {
  flowBefore.flowing = socket._readableState.flowing;
  flowBefore.isPaused = socket.isPaused();
}

/** What is done where Node begins to wrap a socket; set by who loads that. */
export const wrapping: { begin: (socket: Socket) => void } = { begin() {} };

/** `socket.on`: Duplex's own, which sees a wrapper come. */
export function on(this: Socket, event: string | symbol, listener: Listener): Socket {
  Duplex.prototype.on.call(this, event, listener);
  // The wrapper's is an arrow function; those of `pipe` by this name are not, and more frequent.
  if (event === 'data' && !Object.hasOwn(listener, 'prototype') && isWrapper(listener)) {
    wrapping.begin(this);
  }
  return this;
}

/** Takes the listeners off that the wrapper has just put on. */
export function takeOffWrapper(socket: Socket): void {
  for (const [event, mark] of Object.entries(MARKS)) {
    const its = socket.listeners(event).findLast((listener) => String(listener).includes(mark));
    if (its !== undefined) socket.removeListener(event, its as Listener);
  }
}

/** Whether Node's `tls` has this socket. */
export function isUnderTls(socket: Socket): boolean {
  return socket.listenerCount('data') > 0 && socket.listeners('data').some(isWrapper);
}

/**
 * What a socket had before it was put under TLS counts no more, as it does not where `tls` takes
 * the descriptor: encoding, and other listeners for bytes that nobody but TLS can read.
 */
export function yieldToTls(socket: Socket): void {
  if (!isUnderTls(socket)) return;
  keepListeners(socket);
  for (const listener of socket.listeners('data')) {
    if (!isWrapper(listener)) socket.removeListener('data', listener as () => void);
  }
  if (socket.listenerCount('readable') > 0) {
    socket.removeAllListeners('readable');
    socket.resume();
  }
  const state = socket._readableState;
  if (state.length === 0) dropDecoder(state);
}
