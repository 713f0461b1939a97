import type { kServer } from './internals.js';
import type { ServerCore } from './server_core.js';
import type { ServerSurface } from './server_surface.js';

export interface ListeningServer extends ServerSurface {
  [kServer]: ServerCore;
}
