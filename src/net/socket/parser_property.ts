import type { SocketCore } from '../connection/connection.js';
import { kCore } from '../symbols.js';
import type { SocketSurface as Socket } from './surface.js';

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
