/**
 * The asynchronous context of a connection: what `AsyncLocalStorage` holds in its handlers, and its
 * async id. An accepted connection has that of its server's `listen` from its first handler on:
 * until then, a connection on which nothing has happened has no resource of its own.
 */
import { AsyncResource } from 'node:async_hooks';

type ResourceType = 'TCPWRAP' | 'PIPEWRAP';

/** A connection's resource is destroyed by its end, not by the garbage collector. */
const makeResource = (type: ResourceType, triggerAsyncId?: number): AsyncResource =>
  new AsyncResource(
    type,
    triggerAsyncId === undefined
      ? { requireManualDestroy: true }
      : { requireManualDestroy: true, triggerAsyncId },
  );

/**
 * The context that a server's `listen` was called in. No handler runs in this resource, whereas
 * those of `'connection'` run in the server's own: on Node 20 that keeps what they enter.
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

  /** The resource of an accepted connection. */
  make(): AsyncResource {
    return this.resource.runInAsyncScope(makeResource, undefined, this.type, this.serverId);
  }
}

/** What has a context: its resource, or the one of the server that will make it. */
export interface HasContext {
  resource: AsyncResource | ListenContext | null;
}

/** What handlers run in; null while there is no connection. */
export function contextOf(owner: HasContext): AsyncResource | null {
  const { resource } = owner;
  return resource instanceof ListenContext ? makeOwn(owner, resource) : resource;
}

function makeOwn(owner: HasContext, listening: ListenContext): AsyncResource {
  const made = listening.make();
  owner.resource = made;
  return made;
}

/** From here on handlers run in the context that this is called in. */
export function enterContext(owner: HasContext, type: ResourceType): void {
  owner.resource = makeResource(type);
}

/** As `enterContext`, in that of `listening` where there is one; nothing if it has a context. */
export function inheritContext(
  owner: HasContext,
  listening: ListenContext | null,
  type: ResourceType,
): void {
  owner.resource ??= listening ?? makeResource(type);
}

/** Runs `make`, which is no handler, in the context that handlers run in. */
export function runInContext<Made>(owner: HasContext, make: () => Made): Made {
  const { resource } = owner;
  if (resource === null) return make();
  return resource instanceof ListenContext ? resource.run(make) : resource.runInAsyncScope(make);
}

/** Ends the context: handlers run in somebody else's from here on. */
export function dropContext(owner: HasContext): void {
  const { resource } = owner;
  owner.resource = null;
  if (resource instanceof AsyncResource) resource.emitDestroy();
}

/** Takes the context from its owner: the caller destroys it. */
export function leaveContext(owner: HasContext): AsyncResource | null {
  const context = contextOf(owner);
  owner.resource = null;
  return context;
}
