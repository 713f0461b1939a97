/**
 * The asynchronous context of a socket: what `AsyncLocalStorage` holds in its handlers, and its
 * async id. An accepted socket has that of its server's `listen` from its first handler on: until
 * then, a connection on which nothing has happened has no resource of its own.
 */
import { AsyncResource } from 'node:async_hooks';
import { SocketState } from './socket_state.js';

type ResourceType = 'TCPWRAP' | 'PIPEWRAP';

/** A socket's scope is destroyed by its end, not by the garbage collector. */
const makeResource = (type: ResourceType, triggerAsyncId?: number): AsyncResource =>
  new AsyncResource(
    type,
    triggerAsyncId === undefined
      ? { requireManualDestroy: true }
      : { requireManualDestroy: true, triggerAsyncId },
  );

/**
 * What a server's `listen` was called in. No handler runs in this resource, whereas those of
 * `'connection'` run in the server's own: on Node 20 that keeps what they enter.
 */
export class ListenContext {
  private readonly resource = new AsyncResource('LISTENCONTEXT');
  private readonly serverId: number;

  constructor(
    private readonly type: ResourceType,
    server: AsyncResource,
  ) {
    this.serverId = server.asyncId();
  }

  /** Runs `make` in what `listen` was called in. */
  run<Made>(make: () => Made): Made {
    return this.resource.runInAsyncScope(make);
  }

  /** The resource of an accepted socket. */
  make(): AsyncResource {
    return this.resource.runInAsyncScope(makeResource, undefined, this.type, this.serverId);
  }
}

export abstract class SocketScope extends SocketState {
  private resource: AsyncResource | ListenContext | null = null;

  /** What handlers run in; null while there is no connection. */
  get scope(): AsyncResource | null {
    const { resource } = this;
    return resource instanceof ListenContext ? this.makeOwn(resource) : resource;
  }

  /** From here on handlers run in the context that this is called in. */
  enter(type: ResourceType): void {
    this.resource = makeResource(type);
  }

  /** As `enter`, in `context` in place of the present one and where there is none yet. */
  protected inherit(context: ListenContext | null, type: ResourceType): void {
    this.resource ??= context ?? makeResource(type);
  }

  private makeOwn(context: ListenContext): AsyncResource {
    const made = context.make();
    this.resource = made;
    return made;
  }

  /** Runs `make`, which is no handler, in the context that handlers run in. */
  within<Made>(make: () => Made): Made {
    const { resource } = this;
    if (resource === null) return make();
    return resource instanceof ListenContext ? resource.run(make) : resource.runInAsyncScope(make);
  }

  /** Ends the scope: handlers run in somebody else's from here on. */
  dropScope(): void {
    const { resource } = this;
    this.resource = null;
    if (resource instanceof AsyncResource) resource.emitDestroy();
  }

  /** Gives the scope to whoever ends it. */
  leaveScope(): AsyncResource | null {
    const { scope } = this;
    this.resource = null;
    return scope;
  }
}
