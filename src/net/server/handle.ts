/** `server._handle`. */
import type { Listener } from '../../transport/listener.js';
import { Handle, type SocketHandle } from '../connection/handle.js';

/** What a server's handle is a view of. */
export interface HandledServer {
  readonly listener: Listener | null;
  readonly context: { asyncId(): number } | null;
  handOverHandle(connection: SocketHandle): void;
}

/** The handle of a server. */
export class ServerHandle extends Handle<Listener> {
  /** Takes a connection on; replaced by who wants to see each connection's handle first. */
  onconnection: (this: ServerHandle, error: number, connection: SocketHandle) => void;
  private readonly own: ServerHandle['onconnection'];

  constructor(private readonly acceptor: HandledServer) {
    super();
    this.own = (_error, connection) => acceptor.handOverHandle(connection);
    this.onconnection = this.own;
  }

  /** Somebody wants to see each connection's handle: only then is one made for each. */
  get watched(): boolean {
    return this.onconnection !== this.own;
  }

  override getAsyncId(): number {
    return this.acceptor.context?.asyncId() ?? -1;
  }

  protected override get under(): Listener | null {
    return this.acceptor.listener;
  }
}
