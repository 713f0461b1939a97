/** A server's count of its connections. */

/** Whoever counts; the built-in's servers do as well, and lack the function in old versions. */
interface Counting {
  _connections: number;
  _emitCloseIfDrained?: () => void;
}

/** The server counts one connection less. It is closed where that was the last it waited for. */
export function uncount(server: Counting): void {
  server._connections--;
  server._emitCloseIfDrained?.();
}
