/**
 * Adds this package's sockets and servers to `process.getActiveResourcesInfo()` and
 * `process._getActiveHandles()`, which know only Node's own handles.
 */
import type { Reactor } from '../reactor/reactor.js';

/** Not typed, but tools that look for what keeps a process alive use it (wtfnode). */
interface Handles {
  _getActiveHandles?: () => object[];
}

function showActiveHandles(reactor: Reactor): void {
  const node: Handles = process as Handles;
  const ofNode = node._getActiveHandles;
  if (ofNode === undefined) return;
  node._getActiveHandles = function _getActiveHandles(): object[] {
    return [...Reflect.apply(ofNode, process, []), ...reactor.activeHolders()];
  };
}

/** From here on, both functions also list what keeps this process or worker alive in `reactor`. */
export function showActiveResources(reactor: Reactor): void {
  showActiveHandles(reactor);
  const ofNode = process.getActiveResourcesInfo;
  process.getActiveResourcesInfo = function getActiveResourcesInfo(): string[] {
    return [...Reflect.apply(ofNode, process, []), ...reactor.activeNames()];
  };
}
