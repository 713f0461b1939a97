// `npm start [-- 9999 | -- /tmp/echo.sock]`: runs the manual's echo server, on port 8124, another
// port or a UNIX path, and says how to talk to it.
import { existsSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, join } from 'node:path';

const MANUAL_PORT = 8124;
const PORT_MAX = 65_535;

const require = createRequire(import.meta.url);
const net = require('barewire');
const given = process.argv[2] ?? String(MANUAL_PORT);
const isPort = /^\d+$/.test(given);

function fail(sentence) {
  console.error(sentence);
  process.exit(1);
}

/** A sentence for what listen() failed with. */
function explain({ code, message }) {
  if (isPort && code === 'EADDRINUSE') {
    return `Port ${given} is in use by another program. Another one: npm start -- ${next(given)}`;
  }
  if (isPort && code === 'EACCES') return `This user may not listen on port ${given}.`;
  if (code === 'EADDRINUSE') {
    return `${given} exists already: another server has it, or one that was killed left it there.`;
  }
  return `The echo server can not listen on ${given}: ${message}`;
}

function next(port) {
  return Number(port) < PORT_MAX ? Number(port) + 1 : MANUAL_PORT;
}

function isInstalled(program) {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return folders.some((folder) => existsSync(join(folder, program)));
}

/** The commands that talk to the server, of programs that this machine has. */
function clients(address) {
  const [to, target] = isPort ? ['', address.port] : ['-U ', JSON.stringify(address)];
  const commands = [];
  if (isPort && isInstalled('telnet')) commands.push(`telnet localhost ${target}`);
  if (isInstalled('nc')) commands.push(`nc ${isPort ? 'localhost ' : to}${target}`);
  const script = `s = net.connect(${isPort ? target : `'${address}'`}); `;
  commands.push(`node -e "${script}process.stdin.pipe(s).pipe(process.stdout)"`);
  return commands;
}

function announce(server) {
  const address = server.address();
  const where = isPort ? `port ${address.port}` : address;
  console.log(`Echo server on ${where}. Talk to it from another terminal, for example with:`);
  for (const command of clients(address)) console.log(`  ${command}`);
}

/** The examples are the manual's own text: this gives their server another port, and a voice. */
function watchServers() {
  const { createServer } = net;
  net.createServer = (...args) => {
    const server = createServer(...args);
    const { listen } = server;
    server.listen = (target, ...rest) =>
      listen.call(server, isPort ? Number(given) : target, ...rest);
    server.once('listening', () => announce(server));
    return server.once('error', (error) => fail(explain(error)));
  };
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

if (isPort && Number(given) > PORT_MAX) fail(`${given} is no port: ports are 0 to ${PORT_MAX}.`);
watchServers();
if (isPort) {
  require('../examples/echo-server.js');
} else {
  removeWhenStopped(given);
  require('../examples/echo-server-unix.js');
}
