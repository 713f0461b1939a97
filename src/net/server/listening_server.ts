import type { kServer } from '../symbols.js';
import type { ServerCore } from './acceptor.js';
import type { ServerSurface } from './surface.js';

export interface ListeningServer extends ServerSurface {
  [kServer]: ServerCore;
}
