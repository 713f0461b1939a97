/**
 * Node's `tls` puts a stream that is not its own into a wrapper that listens for its `'data'`. A
 * socket in there is TLS's to end, and gives bytes whatever encoding it had before (STARTTLS).
 */
import type { Socket } from './socket.js';

/** The wrapper's listener has this name, as has that of `pipe`, and says this in its source. */
const LISTENER = 'ondata';
const MARK = 'ERR_STREAM_WRAP';

const known = new WeakMap<object, boolean>();

function isWrapper(listener: { readonly name: string }): boolean {
  if (listener.name !== LISTENER) return false;
  let is = known.get(listener);
  if (is === undefined) {
    is = String(listener).includes(MARK);
    known.set(listener, is);
  }
  return is;
}

/** Whether Node's `tls` has this socket. */
export function isUnderTls(socket: Socket): boolean {
  return socket.listenerCount('data') > 0 && socket.listeners('data').some(isWrapper);
}

/** Undoes `setEncoding` on a socket that holds nothing. */
export function dropEncoding(socket: Socket): void {
  const state = socket._readableState;
  if (state.length > 0) return;
  state.decoder = null;
  state.encoding = null;
}
