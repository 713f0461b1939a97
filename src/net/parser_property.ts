import { kCore } from './internals.js';
import type { SocketCore } from './socket_core.js';
import type { SocketSurface as Socket } from './socket_surface.js';

/** `socket.parser`: `http` puts its parser there, and so tells that it has the socket. */
export const parserProperty: PropertyDescriptor & ThisType<Socket> = {
  get() {
    return this[kCore]?.parser;
  },
  set(parser: unknown) {
    const core: SocketCore | undefined = this[kCore];
    // A class in the old style may set it before it calls our constructor.
    if (core !== undefined) core.setParser(parser);
    else Object.defineProperty(this, 'parser', { value: parser, writable: true, enumerable: true });
  },
  configurable: true,
};
