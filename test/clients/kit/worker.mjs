// One scenario in a process of its own: `worker.mjs FILE NAME`, forked by kit/run.mjs. Sends what
// the scenario returned, and how many sockets of which make took part.
import { subscribe } from 'node:diagnostics_channel';
import http from 'node:http';
import https from 'node:https';
import { createRequire } from 'node:module';
import net from 'node:net';
import tls from 'node:tls';

const require = createRequire(import.meta.url);
const hooked = process.env.BW_REGISTER;
const sockets = { ours: 0, builtin: 0 };
const { Socket: CoreSocket } = hooked ? require(hooked).builtinNet : net;
const isOurs = (socket) => !(socket instanceof CoreSocket);
for (const name of ['net.client.socket', 'net.server.socket']) {
  subscribe(name, ({ socket }) => {
    sockets[isOurs(socket) ? 'ours' : 'builtin']++;
  });
}

/** What a program uses that wants its HTTP and TLS on the same transport. */
function library() {
  if (hooked === undefined) {
    return {
      createHttpServer: http.createServer,
      createHttpsServer: https.createServer,
      createTlsServer: tls.createServer,
      tlsConnect: tls.connect,
      HttpAgent: http.Agent,
      HttpsAgent: https.Agent,
    };
  }
  const ours = require(process.env.BW_INTEROP);
  return {
    ...ours,
    createHttpsServer: countingConnections(ours.createHttpsServer),
    createTlsServer: countingConnections(ours.createTlsServer),
  };
}

/**
 * The ready-made servers of TLS give sockets of the built-in's, which this package has accepted:
 * a server that it listens for has a `listen` that is not Node's.
 */
function countingConnections(make) {
  return (...args) => {
    const server = make(...args);
    server.on('connection', () => {
      if (server.listen !== tls.Server.prototype.listen) sockets.ours++;
    });
    return server;
  };
}

/** Asks the parent, which has the server, to do something with it. */
function ask(what) {
  return new Promise((resolve) => {
    process.once('message', resolve);
    process.send({ ask: what });
  });
}

async function main([file, name]) {
  const { scenarios } = await import(file);
  const server = JSON.parse(process.env.BW_SERVER ?? 'null');
  const context = {
    server,
    lib: library(),
    restart: () => ask('restart'),
    kill: () => ask('kill'),
    start: () => ask('start'),
    /** For sockets in processes that the scenario starts. */
    tookPart: (count) => {
      sockets.ours += count;
    },
    certificate: JSON.parse(process.env.BW_CERTIFICATE ?? 'null'),
  };
  const start = performance.now();
  const result = await scenarios[name](context);
  const ms = Math.round(performance.now() - start);
  process.send({ result: result ?? null, sockets, ms }, () => process.disconnect());
  // What a scenario leaves open must not go unseen: the process has to end by itself.
}

main(process.argv.slice(2)).catch((error) => {
  process.send({ error: String(error?.stack ?? error) }, () => process.exit(1));
});
