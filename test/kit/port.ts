/** Ports that nobody else on this machine can get while a test runs. */
import { linux } from '#internal/sys/linux';

/** What runs a cleanup at the end of a test. */
interface Owner {
  defer(cleanup: () => unknown): void;
}

/**
 * Reserves a port that is free in both families until the test ends. A descriptor that never
 * listens is bound to it with SO_REUSEADDR. So the kernel gives the port to no program that asks
 * for any port, but lets those bind it that ask for this very one with SO_REUSEADDR, as this
 * package does. Connections to it are refused until something listens.
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
