/**
 * Loaded by preload.cjs for Node's tests of `tls` and `https`: puts the ready-made servers and
 * clients of `barewire/interop` in the place of Node's, and `net` by the hook, as a program that
 * switches over has them. For the control it notes the same calls and changes nothing.
 */
'use strict';
const { syncBuiltinESMExports } = require('node:module');
const path = require('node:path');

/** What of Node's modules is replaced, and by what of ours. */
const REPLACED = {
  tls: { createServer: 'createTlsServer', connect: 'tlsConnect' },
  https: { createServer: 'createHttpsServer', Agent: 'HttpsAgent' },
};
/** The agent that `https` has for those who bring none, as Node makes it. */
const GLOBAL_AGENT = { keepAlive: true, scheduling: 'lifo', timeout: 5_000 };

/** Counts as use where it is called or constructed; is else what it stands for. */
function noting(value, note) {
  return new Proxy(value, {
    apply(target, self, args) {
      note();
      return Reflect.apply(target, self, args);
    },
    construct(target, args, newTarget) {
      note();
      return Reflect.construct(target, args, newTarget);
    },
  });
}

/** `folder` is that of the compiled package; null for the control. */
module.exports = function replaceProtocols(folder, note) {
  if (folder !== null) require(path.join(folder, 'register', 'index.js'));
  const https = require('node:https');
  const { Agent } = https;
  const made = folder === null ? null : require(path.join(folder, 'interop', 'index.js'));
  for (const [name, functions] of Object.entries(REPLACED)) {
    const target = require(`node:${name}`);
    for (const [given, ours] of Object.entries(functions)) {
      target[given] = noting(made?.[ours] ?? target[given], note);
    }
  }
  const AgentClass = made?.HttpsAgent ?? Agent;
  https.globalAgent = new AgentClass(GLOBAL_AGENT);
  const { createConnection } = https.globalAgent;
  https.globalAgent.createConnection = function noted(...args) {
    note();
    return Reflect.apply(createConnection, this, args);
  };
  syncBuiltinESMExports();
};
