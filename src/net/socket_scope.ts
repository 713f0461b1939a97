/**
 * The asynchronous context of a socket: what `AsyncLocalStorage` holds in its handlers, and its
 * async id. An accepted socket is in its server's until its first handler is to run, so that a
 * connection on which nothing has happened has no resource of its own.
 */
import { AsyncResource } from 'node:async_hooks';
import { SocketState } from './socket_state.js';

type ResourceType = 'TCPWRAP' | 'PIPEWRAP';

/** A socket's scope is destroyed by its end, not by the garbage collector. */
const MANUAL = { requireManualDestroy: true };

const makeResource = (type: ResourceType): AsyncResource => new AsyncResource(type, MANUAL);

export abstract class SocketScope extends SocketState {
  private resource: AsyncResource | null = null;

  /** What handlers run in; null while there is no connection. */
  get scope(): AsyncResource | null {
    if (this.inherits) this.makeOwn();
    return this.resource;
  }

  /** From here on handlers run in the context that this is called in. */
  enter(type: ResourceType): void {
    this.inherits = false;
    this.resource = makeResource(type);
  }

  /** As `enter`, in the context of `server` and where there is none yet. */
  protected inherit(server: AsyncResource | null, type: ResourceType): void {
    if (this.resource !== null) return;
    if (server === null) {
      this.enter(type);
      return;
    }
    this.inherits = true;
    this.inheritsPipe = type === 'PIPEWRAP';
    this.resource = server;
  }

  private makeOwn(): void {
    this.inherits = false;
    const { resource } = this;
    if (resource === null) return;
    this.resource = resource.runInAsyncScope(
      makeResource,
      undefined,
      this.inheritsPipe ? 'PIPEWRAP' : 'TCPWRAP',
    );
  }

  /** Gives the scope to whoever ends it. */
  leaveScope(): AsyncResource | null {
    const { scope } = this;
    this.resource = null;
    return scope;
  }
}
