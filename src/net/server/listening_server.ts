/** Type only: a server together with its acceptor. */
import type { kAcceptor } from '../symbols.js';
import type { Acceptor } from './acceptor.js';
import type { ServerSurface } from './surface.js';

export interface ListeningServer extends ServerSurface {
  [kAcceptor]: Acceptor;
}
