/** The last event of a socket. */
import type { Host } from '../../transport/host.js';
import { type HasContext, leaveContext } from './context.js';
import type { DuplexSurface } from './duplex.js';

/** What `'close'` needs of its connection. */
interface Closing extends HasContext {
  readonly socket: DuplexSurface;
  readonly host: Host;
}

/**
 * `'close'`, in the socket's own context. Behind the tick in which Duplex emits 'error', and behind
 * the promise jobs of whatever came before: who awaits 'data' and then 'close' must not miss it.
 */
export function emitClose(connection: Closing, hadError: boolean): void {
  const { socket } = connection;
  const context = leaveContext(connection);
  const emit = (): void => {
    socket.emit('close', hadError);
  };
  const { clock } = connection.host;
  const close = (): void => {
    if (context === null) {
      emit();
      return;
    }
    context.runInAsyncScope(emit);
    context.emitDestroy();
  };
  clock.later(close);
}
