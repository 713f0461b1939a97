/** Connects to a UNIX path or an abstract name. */
import type { Host } from '../transport/host.js';
import { Stream } from '../transport/stream.js';
import type { StreamOwner } from '../transport/stream_owner.js';

/**
 * Returns a stream that is connecting and reports to `owner`, or -errno. Connects the descriptor
 * of `bound`, if given, and else a new one.
 */
export function dialPath(
  host: Host,
  path: string,
  owner: StreamOwner,
  bound: Stream | null,
): Stream | number {
  if (bound !== null) {
    const connected = bound.connect(path, 0);
    return connected < 0 ? connected : bound;
  }
  const { AF_UNIX, SOCK_STREAM } = host.kernel.constants;
  const fd = host.kernel.socket(AF_UNIX, SOCK_STREAM, 0);
  if (fd < 0) return fd;
  const stream = new Stream(host, fd, AF_UNIX, owner);
  const status = stream.connect(path, 0);
  if (status >= 0) return stream;
  stream.close();
  return status;
}
