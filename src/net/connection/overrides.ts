/** Which methods of `Socket` a class of a user's has replaced. */

type OwnName =
  | 'connect'
  | 'write'
  | '_write'
  | '_writev'
  | '_final'
  | 'read'
  | 'on'
  | 'onPeerEnded';

/**
 * The methods of `Socket` itself, to see whether a class of a user's has others; and the listener
 * of 'end' that each socket has.
 */
export const own: Readonly<Record<OwnName, unknown>> = {
  connect: null,
  write: null,
  read: null,
  on: null,
  _write: null,
  _writev: null,
  _final: null,
  onPeerEnded: null,
};

/** `Socket` is made: these are its methods. */
export function registerOwn(methods: Record<OwnName, unknown>): void {
  Object.assign(own, methods);
}

/** Whether every chunk may go past `_write` and `_writev`: nobody else would see it there. */
export function writesItself(socket: { _write: unknown; _writev?: unknown }): boolean {
  return socket._write === own._write && socket._writev === own._writev;
}
