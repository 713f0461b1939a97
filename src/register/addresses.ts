/**
 * Gives a TLS socket over a socket of this package its addresses: for `tls.connect({socket})` and
 * `new TLSSocket(socket)`. Over a socket of the built-in, a TLS socket knows both addresses. Over
 * any other stream Node asks a wrapper, which has no answer. This file gives the wrapper an
 * answer, for this package's sockets only.
 */
import { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { NetModule } from '../net/module.js';
import type { Socket } from '../net/socket/socket.js';

const BAD_DESCRIPTOR = -9;
const METHODS = ['getsockname', 'getpeername'] as const;

type Method = (into: object) => number;
type Wrapper = Partial<Record<(typeof METHODS)[number] | symbol, unknown>>;

/** The wrapped socket. Node keeps the wrapper's owner under a symbol of its own. */
function wrapped(wrapper: Wrapper, isOurs: (value: unknown) => value is Socket): Socket | null {
  for (const symbol of Object.getOwnPropertySymbols(wrapper)) {
    const { stream } = Object(wrapper[symbol]) as { stream?: unknown };
    if (isOurs(stream)) return stream;
  }
  return null;
}

/** The class of wrappers, or null if this Node has none of the expected form. */
function wrapperClass(tls: { TLSSocket: typeof TLSSocket }): Wrapper | null {
  const probe = new tls.TLSSocket(new Duplex({ read() {}, write() {} }));
  const { _handle: handle } = probe as TLSSocket & { _handle?: { _parent?: object } | null };
  const parent = handle?._parent;
  probe.destroy();
  return parent === undefined ? null : (Object.getPrototypeOf(parent) as Wrapper);
}

let done = false;

/** Called when a program asks for `tls`. */
export function lendAddresses(net: NetModule): void {
  if (done) return;
  done = true;
  const { prototype } = net.Socket;
  const isOurs = (value: unknown): value is Socket =>
    Object.prototype.isPrototypeOf.call(prototype, Object(value));
  // Loaded here, so that only programs that use TLS pay for it.
  const tls = require('node:tls') as { TLSSocket: typeof TLSSocket };
  const target = wrapperClass(tls);
  if (target === null) return;
  for (const name of METHODS) {
    if (target[name] !== undefined) continue;
    const value = function (this: Wrapper, into: object): number {
      const handle = wrapped(this, isOurs)?._handle as Partial<Record<string, Method>> | null;
      return handle?.[name]?.(into) ?? BAD_DESCRIPTOR;
    };
    Object.defineProperty(target, name, { value, configurable: true, writable: true });
  }
}
