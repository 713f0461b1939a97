/** The last event of a socket. */
import type { SocketCore } from './socket_core.js';

/** `'close'`, behind the tick in which Duplex emits 'error', in the socket's own context. */
export function emitClose(core: SocketCore, hadError: boolean): void {
  const { scope, socket } = core;
  core.scope = null;
  const emit = (): void => {
    socket.emit('close', hadError);
  };
  core.host.clock.soon(() => {
    if (scope === null) {
      emit();
      return;
    }
    scope.runInAsyncScope(emit);
    scope.emitDestroy();
  });
}
