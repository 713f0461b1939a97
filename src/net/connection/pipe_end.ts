/** The pipes of a connection to and from others, as the connection itself knows them. */
import type { Forward } from '../../transport/stream_owner.js';

/** A pipe to another socket. */
export interface PipeEnd extends Forward {
  /** How much of what the source waits for has left so far. */
  readonly awaitedBytes: number;
  /** Lets go of a destination that the source does not pipe to any more: whether it did. */
  leave(): boolean;
  /** The source's descriptor goes, or nothing comes this way any more. */
  end(): void;
  /** The destination has written what it had, or is gone. */
  wake(): void;
}

interface Pipes {
  forward: PipeEnd | null;
  feeders: Set<PipeEnd> | null;
}

/** What has pipes: a connection, in its extras. */
interface Piping {
  readonly extras: Readonly<Pipes>;
  ownExtras(): Pipes;
}

/** The pipes that wait for this connection to have written all need wait no more. */
export function wakeFeeders(connection: Piping): void {
  const { feeders } = connection.extras;
  if (feeders === null) return;
  connection.ownExtras().feeders = null;
  for (const feeder of feeders) feeder.wake();
}

/** The descriptor goes: nothing comes by here any more. */
export function leavePipes(connection: Piping): void {
  connection.extras.forward?.end();
  wakeFeeders(connection);
}
