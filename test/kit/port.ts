/** Ports that nobody else on this machine can get while a test runs. */
import { linux } from '#internal/sys/linux';

/** What a test cleans up with at its end. */
interface Owner {
  defer(cleanup: () => unknown): void;
}

/**
 * A port that is free in both families, and stays the test's own until it ends. A descriptor is
 * bound to it with SO_REUSEADDR, which never listens: the kernel gives the port to nobody who asks
 * for any port, and lets those bind it who ask for this one with SO_REUSEADDR, as we do. Who
 * connects to it is refused.
 */
export function reservedPort(s: Owner): number {
  const { AF_INET6, SOCK_STREAM, SOL_SOCKET, SO_REUSEADDR } = linux.constants;
  const fd = linux.socket(AF_INET6, SOCK_STREAM, 0);
  if (fd < 0) throw new Error(`socket ${fd}`);
  s.defer(() => linux.close(fd, -1));
  linux.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  const bound = linux.bind(fd, AF_INET6, '::', 0);
  const name = linux.getsockname(fd);
  if (bound < 0 || typeof name === 'number') throw new Error(`bind ${bound}, getsockname ${name}`);
  return name.port;
}
