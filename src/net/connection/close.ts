/** The last event of a socket. */
import type { SocketCore } from './connection.js';

/**
 * `'close'`, in the socket's own context. Behind the tick in which Duplex emits 'error', and behind
 * the promise jobs of whatever came before: who awaits 'data' and then 'close' must not miss it.
 */
export function emitClose(core: SocketCore, hadError: boolean): void {
  const { socket } = core;
  const scope = core.leaveScope();
  const emit = (): void => {
    socket.emit('close', hadError);
  };
  const { clock } = core.host;
  const close = (): void => {
    if (scope === null) {
      emit();
      return;
    }
    scope.runInAsyncScope(emit);
    scope.emitDestroy();
  };
  clock.later(close);
}
