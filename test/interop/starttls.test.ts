/** TLS put over a connection that was in use: it ends what it began, on either make of socket. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import builtin from 'node:net';
import type { Duplex } from 'node:stream';
import tls from 'node:tls';
import ours from 'barewire/node';
import { test } from '../kit/test.js';
import { certificate } from './certificate.js';
import { listen } from './sides.js';

const BYTES = 4 << 20;
const SERVERS = {
  builtin: (run: (socket: Duplex) => void): builtin.Server => builtin.createServer(run),
  ours: (run: (socket: Duplex) => void): builtin.Server =>
    ours.createServer(run) as unknown as builtin.Server,
};
const CLIENTS = {
  builtin: (port: number): Duplex => builtin.connect(port, '127.0.0.1'),
  ours: (port: number): Duplex => ours.connect(port, '127.0.0.1'),
};
type Make = keyof typeof SERVERS;

/** Speaks text first, then TLS, which echoes: the client's FIN comes long before the last byte. */
function upgrade(socket: Duplex): void {
  socket.setEncoding('utf8');
  socket.write('ready\n');
  socket.once('data', () => {
    socket.write('go ahead\n');
    const secured = new tls.TLSSocket(socket, { isServer: true, ...certificate() });
    secured.pipe(secured);
  });
}

for (const server of ['builtin', 'ours'] as Make[]) {
  for (const client of ['builtin', 'ours'] as Make[]) {
    test(`STARTTLS with an encoding set: ${client} to ${server}`, async (scope) => {
      const port = await listen(scope, SERVERS[server](upgrade));
      const socket = CLIENTS[client](port);
      socket.setEncoding('utf8');
      await once(socket, 'data');
      socket.write('STARTTLS\n');
      await once(socket, 'data');
      const { cert } = certificate();
      // As some packages do: the old listeners stay for a while, then all go.
      socket.on('data', (chunk) => assert.fail(`not meant for us: ${String(chunk)}`));
      const secured = tls.connect({ socket, ca: cert, servername: 'localhost' });
      await once(secured, 'secureConnect');
      socket.removeAllListeners();
      let received = 0;
      secured.on('data', (chunk: Buffer) => {
        received += chunk.length;
      });
      secured.end(Buffer.alloc(BYTES));
      await once(secured, 'close');
      assert.equal(received, BYTES);
    });
  }
}
