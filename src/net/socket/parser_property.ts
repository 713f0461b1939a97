/** `socket.parser`: Node's `http` sets it while one of its servers owns the socket. */
import type { Connection } from '../connection/connection.js';
import { kConnection } from '../symbols.js';
import type { SocketSurface as Socket } from './surface.js';

const HTTP_METHODS = ['on', 'addListener', 'prependListener'] as const;
/** What `http` calls those that it puts in their place while its parser has the socket. */
const HTTP_METHOD = 'socketListenerWrap';

/**
 * `http` leaves its methods in the object until somebody calls one of them. A socket that was
 * upgraded has its own again at once: they see who comes next.
 */
function dropHttpMethods(socket: Socket): void {
  if (!Object.hasOwn(socket, 'on')) return;
  for (const name of HTTP_METHODS) {
    if (Object.hasOwn(socket, name) && socket[name].name === HTTP_METHOD) {
      Reflect.deleteProperty(socket, name);
    }
  }
}

/** `socket.parser`: `http` puts its parser there, and so tells that it has the socket. */
export const parserProperty: PropertyDescriptor & ThisType<Socket> = {
  get() {
    return this[kConnection]?.parser;
  },
  set(parser: unknown) {
    const connection: Connection | undefined = this[kConnection];
    if (parser === null) dropHttpMethods(this);
    // A class in the old style may set it before it calls our constructor.
    if (connection !== undefined) connection.setParser(parser);
    else Object.defineProperty(this, 'parser', { value: parser, writable: true, enumerable: true });
  },
  configurable: true,
};
