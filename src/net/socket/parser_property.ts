import type { Connection } from '../connection/connection.js';
import { kConnection } from '../symbols.js';
import type { SocketSurface as Socket } from './surface.js';

/** `socket.parser`: `http` puts its parser there, and so tells that it has the socket. */
export const parserProperty: PropertyDescriptor & ThisType<Socket> = {
  get() {
    return this[kConnection]?.parser;
  },
  set(parser: unknown) {
    const connection: Connection | undefined = this[kConnection];
    // A class in the old style may set it before it calls our constructor.
    if (connection !== undefined) connection.setParser(parser);
    else Object.defineProperty(this, 'parser', { value: parser, writable: true, enumerable: true });
  },
  configurable: true,
};
