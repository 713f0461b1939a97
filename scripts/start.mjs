// `npm start [-- /tmp/echo.sock]`: runs the manual's echo server and says how to talk to it.
import { rmSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const path = process.argv[2];

if (path === undefined) {
  console.log('Echo server on port 8124. Talk to it from another terminal, with either of:');
  console.log('  telnet localhost 8124\n  nc localhost 8124');
  require('../examples/echo-server.js');
} else {
  console.log(`Echo server on ${path}. Talk to it from another terminal, with:`);
  console.log(`  nc -U ${path}`);
  removeWhenStopped(path);
  require('../examples/echo-server-unix.js');
}

/** Leaves no socket file behind, on which the next start would fail with EADDRINUSE. */
function removeWhenStopped(socketPath) {
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, () => {
      rmSync(socketPath, { force: true });
      process.kill(process.pid, signal);
    });
  }
}
