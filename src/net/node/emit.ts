/** Node's own `emit`, and whether it does no more than to call a listener. */
import { EventEmitter } from 'node:events';

/** Taken out when this package loads: who replaces it later sees what goes through it. */
export const { emit } = EventEmitter.prototype;

/** Node's own `emit` names this; one that somebody put in its place before us does not. */
const isOwnEmit = Function.prototype.toString.call(emit).includes('kErrorMonitor');

/** Where an emitter keeps whether rejections of its listeners' promises are caught. */
const kCapture = Object.getOwnPropertySymbols(EventEmitter.prototype).find(
  (symbol) => symbol.description === 'kCapture',
);

/** Whether `emit` does no more for a socket with one listener than to call that. */
export function emitsPlainly(socket: EventEmitter): boolean {
  return (
    isOwnEmit &&
    socket.emit === emit &&
    kCapture !== undefined &&
    (socket as unknown as Record<symbol, unknown>)[kCapture] === false
  );
}
