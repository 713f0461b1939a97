/** TLS over a socket of ours in a worker, and in a Node whose wrapper is not what we know. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type builtin from 'node:net';
import tls from 'node:tls';
import { Worker } from 'node:worker_threads';
import { type Scope, test } from '../kit/test.js';
import { certificate } from './certificate.js';

const PROGRAM = `
  const { parentPort, workerData } = require('node:worker_threads');
  const tls = require('node:tls');
  if (workerData.unknown) tls.TLSSocket = function () { throw new Error('something else'); };
  const net = require(workerData.module);
  const socket = net.connect(workerData.port, '127.0.0.1');
  const secured = tls.connect({ socket, ca: workerData.cert, servername: 'localhost' });
  const handle = secured._handle._parent.constructor.name;
  secured.end('to and fro');
  let text = '';
  secured.on('data', (chunk) => { text += chunk; });
  secured.on('close', () => parentPort.postMessage({ handle, text }));
`;

async function inWorker(scope: Scope, unknown: boolean): Promise<unknown> {
  const server = tls.createServer(certificate(), (socket) => socket.pipe(socket));
  scope.defer(() => server.close());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as builtin.AddressInfo;
  const { cert } = certificate();
  const module = require.resolve('barewire/node');
  const workerData = { port, cert: String(cert), unknown, module };
  const worker = new Worker(PROGRAM, { eval: true, workerData });
  const exited = once(worker, 'exit');
  const [told] = (await once(worker, 'message')) as [unknown];
  await exited;
  return told;
}

test('in a worker TLS has the descriptor in native code', async (scope) => {
  assert.deepEqual(await inWorker(scope, false), { handle: 'TCP', text: 'to and fro' });
});

test('where Node has no wrapper as we know it, TLS goes on in JavaScript', async (scope) => {
  assert.deepEqual(await inWorker(scope, true), { handle: 'JSStream', text: 'to and fro' });
});
