/**
 * `process.getActiveResourcesInfo()` and `process._getActiveHandles()` know Node's own handles
 * only: ours are added here.
 */
import type { Reactor } from '../reactor/reactor.js';

/** Not typed, but what tools ask that look for what keeps a process alive (wtfnode). */
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

/** From here on they tell also what of this reactor keeps the process (or worker) alive. */
export function showActiveResources(reactor: Reactor): void {
  showActiveHandles(reactor);
  const ofNode = process.getActiveResourcesInfo;
  process.getActiveResourcesInfo = function getActiveResourcesInfo(): string[] {
    return [...Reflect.apply(ofNode, process, []), ...reactor.activeNames()];
  };
}
