/** `process.getActiveResourcesInfo()` knows Node's own handles only: ours are added here. */
import type { Reactor } from '../reactor/reactor.js';

/** From here on it tells also what of this reactor keeps the process (or worker) alive. */
export function showActiveResources(reactor: Reactor): void {
  const ofNode = process.getActiveResourcesInfo;
  process.getActiveResourcesInfo = function getActiveResourcesInfo(): string[] {
    return [...Reflect.apply(ofNode, process, []), ...reactor.activeNames()];
  };
}
