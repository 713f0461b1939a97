import type { Forward } from '../../transport/stream_owner.js';

/** A pipe to another socket, as the connections at its ends know it. */
export interface PipeEnd extends Forward {
  readonly awaitedBytes: number;
  leave(): boolean;
  end(): void;
  wake(): void;
}
