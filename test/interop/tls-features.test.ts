/** What Node's `tls` can do, over the ready-made servers and clients, and over the built-in's. */
import assert from 'node:assert/strict';
import { constants } from 'node:crypto';
import { once } from 'node:events';
import builtin from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import tls from 'node:tls';
import { createTlsServer, tlsConnect } from 'barewire/interop';
import { type Scope, test } from '../kit/test.js';
import { certificate } from './certificate.js';
import { listen, onBothSides, type Side, text } from './sides.js';

const ignore = (): void => {};
const trusting = (): tls.ConnectionOptions => ({
  ca: certificate().cert,
  servername: 'localhost',
  host: '127.0.0.1',
});

interface Pair {
  readonly server: tls.Server;
  readonly port: number;
  readonly secured: tls.TLSSocket;
  readonly client: tls.TLSSocket;
}

/** A server, and a client of it, both after the handshake; `begin` gets the server before. */
async function pair(
  side: Side,
  scope: Scope,
  forServer: tls.TlsOptions = {},
  forClient: tls.ConnectionOptions = {},
  begin: (server: tls.Server) => void = ignore,
): Promise<Pair> {
  const server = side.createTlsServer({ ...certificate(), ...forServer }, ignore);
  begin(server);
  const port = await listen(scope, server);
  return { server, port, ...(await connect(side, scope, server, port, forClient)) };
}

async function connect(
  side: Side,
  scope: Scope,
  server: tls.Server,
  port: number,
  forClient: tls.ConnectionOptions,
): Promise<Pick<Pair, 'secured' | 'client'>> {
  const client = side.tlsConnect({ ...trusting(), port, ...forClient });
  scope.defer(() => client.destroy());
  client.on('error', ignore);
  const [[secured]] = (await Promise.all([
    once(server, 'secureConnection'),
    once(client, 'secureConnect'),
  ])) as [[tls.TLSSocket], unknown];
  scope.defer(() => secured.destroy());
  secured.on('error', ignore);
  return { secured, client };
}

/** What arrives at `to` of what `from` writes. */
async function passes(from: tls.TLSSocket, to: tls.TLSSocket, message: string): Promise<void> {
  from.write(message);
  let heard = '';
  while (heard.length < message.length) heard += String((await once(to, 'data'))[0]);
  assert.equal(heard, message);
}

onBothSides('ALPN: a list on either side, or a callback', async (side, scope) => {
  const first = await pair(
    side,
    scope,
    { ALPNProtocols: ['b', 'a'] },
    { ALPNProtocols: ['a', 'b'] },
  );
  assert.equal(first.client.alpnProtocol, 'b');
  assert.equal(first.secured.alpnProtocol, 'b');
  const offered: unknown[] = [];
  const ALPNCallback = ({ protocols }: { protocols: string[] }): string => {
    offered.push(protocols);
    return 'two';
  };
  const second = await pair(side, scope, { ALPNCallback }, { ALPNProtocols: ['one', 'two'] });
  assert.equal(second.client.alpnProtocol, 'two');
  assert.deepEqual(offered, [['one', 'two']]);
});

onBothSides('SNI: contexts by name, and a callback', async (side, scope) => {
  const first = await pair(
    side,
    scope,
    {},
    { ca: certificate('other').cert, servername: 'other' },
    (server) => server.addContext('other', certificate('other')),
  );
  assert.equal(first.client.getPeerCertificate().subject.CN, 'other');
  assert.equal(first.secured.servername, 'other');
  const asked: string[] = [];
  const SNICallback: tls.TlsOptions['SNICallback'] = (name, done) => {
    asked.push(name);
    setImmediate(done, null, tls.createSecureContext(certificate('third')));
  };
  const second = await pair(
    side,
    scope,
    { SNICallback },
    { ca: certificate('third').cert, servername: 'third' },
  );
  assert.deepEqual(asked, ['third']);
  assert.equal(second.client.getPeerCertificate().subject.CN, 'third');
});

onBothSides('client certificates: asked for, checked, refused', async (side, scope) => {
  const demands = { requestCert: true, rejectUnauthorized: true, ca: certificate('user').cert };
  const { server, port, secured } = await pair(side, scope, demands, certificate('user'));
  assert.equal(secured.authorized, true);
  assert.equal(secured.getPeerCertificate().subject.CN, 'user');
  server.on('secureConnection', () => assert.fail('a stranger'));
  const stranger = side.tlsConnect({ ...trusting(), port, ...certificate('stranger') });
  stranger.on('error', ignore).resume();
  await once(stranger, 'close').catch(ignore);
});

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  onBothSides(`${version}: tickets take a session up again`, async (side, scope) => {
    const versions = { minVersion: version, maxVersion: version };
    const server = side.createTlsServer({ ...certificate(), ...versions }, (socket) => {
      socket.end(socket.isSessionReused() ? 'reused' : 'new');
    });
    const port = await listen(scope, server);
    const first = side.tlsConnect({ ...trusting(), port });
    const told = once(first, 'session');
    assert.equal(await text(first), 'new');
    const [session] = (await told) as [Buffer];
    const second = side.tlsConnect({ ...trusting(), port, session });
    assert.equal(await text(second), 'reused');
    const keys = server.getTicketKeys();
    assert.equal(keys.length, 48);
    server.setTicketKeys(Buffer.alloc(48, 7));
    const third = side.tlsConnect({ ...trusting(), port, session });
    assert.equal(await text(third), 'new', 'nobody has the keys of that ticket');
  });
}

onBothSides('a store of sessions: newSession and resumeSession', async (side, scope) => {
  const store = new Map<string, Buffer>();
  const options = { maxVersion: 'TLSv1.2', secureOptions: constants.SSL_OP_NO_TICKET } as const;
  const server = side.createTlsServer({ ...certificate(), ...options }, (socket) => {
    socket.end(socket.isSessionReused() ? 'reused' : 'new');
  });
  server.on('newSession', (id: Buffer, data: Buffer, done: () => void) => {
    store.set(id.toString('hex'), data);
    setImmediate(done);
  });
  server.on('resumeSession', (id: Buffer, done: (error: null, data: Buffer | null) => void) => {
    setImmediate(done, null, store.get(id.toString('hex')) ?? null);
  });
  const port = await listen(scope, server);
  const first = side.tlsConnect({ ...trusting(), port, maxVersion: 'TLSv1.2' });
  await once(first, 'secureConnect');
  const session = first.getSession();
  assert.equal(await text(first), 'new');
  assert.equal(store.size, 1);
  const second = side.tlsConnect({ ...trusting(), port, ...(session && { session }) });
  assert.equal(await text(second), 'reused');
});

onBothSides('OCSP: the response that a server staples', async (side, scope) => {
  const server = side.createTlsServer(certificate(), ignore);
  server.on('OCSPRequest', (_certificate, _issuer, done) => {
    setImmediate(done, null, Buffer.from('stapled'));
  });
  const port = await listen(scope, server);
  const asking = { ...trusting(), port, requestOCSP: true };
  const client = side.tlsConnect(asking);
  scope.defer(() => client.destroy());
  const [response] = await once(client, 'OCSPResponse');
  assert.equal(String(response), 'stapled');
});

onBothSides('PSK: a key in place of a certificate', async (side, scope) => {
  const ciphers = 'PSK+HIGH';
  const psk = Buffer.from('d731ef57be09e5204f0b205b60627028', 'hex');
  const asked: unknown[] = [];
  const server = side.createTlsServer(
    {
      ciphers,
      maxVersion: 'TLSv1.2',
      pskIdentityHint: 'hint',
      pskCallback: (_socket, identity) => {
        asked.push(identity);
        return psk;
      },
    },
    (socket) => socket.end('known'),
  );
  const port = await listen(scope, server);
  const client = side.tlsConnect({
    host: '127.0.0.1',
    port,
    ciphers,
    maxVersion: 'TLSv1.2',
    checkServerIdentity: () => undefined,
    pskCallback: (hint) => {
      asked.push(hint);
      return { psk, identity: 'me' };
    },
  });
  assert.equal(await text(client), 'known');
  assert.deepEqual(asked, ['hint', 'me']);
});

onBothSides('renegotiation of TLS 1.2, and the limit of it', async (side, scope) => {
  const { client, secured } = await pair(side, scope, { maxVersion: 'TLSv1.2' });
  client.resume();
  secured.resume();
  const done = new Promise<Error | null>((resolve) => {
    assert.equal(client.renegotiate({ rejectUnauthorized: false }, resolve), true);
  });
  assert.equal(await done, null);
  await passes(client, secured, 'after that');
  secured.disableRenegotiation();
  const refused = once(secured, 'error');
  client.renegotiate({ rejectUnauthorized: false }, ignore);
  assert.equal(Object((await refused)[0]).code, 'ERR_TLS_RENEGOTIATION_DISABLED');
});

onBothSides('keylog, keying material, Finished messages', async (side, scope) => {
  const lines: string[] = [];
  const { client, secured } = await pair(side, scope, {}, {}, (server) => {
    server.on('keylog', (line: Buffer) => lines.push(String(line)));
  });
  assert.match(lines.join(''), /^SERVER_HANDSHAKE_TRAFFIC_SECRET /m);
  const label = 'EXPORTER-test';
  const context = Buffer.from('context');
  const ofClient = client.exportKeyingMaterial(32, label, context);
  assert.equal(ofClient.length, 32);
  assert.deepEqual(ofClient, secured.exportKeyingMaterial(32, label, context));
  assert.deepEqual(client.getFinished(), secured.getPeerFinished());
  assert.equal(client.getProtocol(), 'TLSv1.3');
  assert.equal(client.getCipher().name, secured.getCipher().name);
});

onBothSides('the certificate of the peer, in full', async (side, scope) => {
  const { client } = await pair(side, scope);
  const seen = client.getPeerCertificate(true);
  assert.equal(seen.subject.CN, 'localhost');
  assert.equal(seen.issuerCertificate, seen, 'it is signed by itself');
  assert.equal(seen.fingerprint256, client.getPeerX509Certificate()?.fingerprint256);
});

onBothSides('setMaxSendFragment: the sender cuts its records', async (side, scope) => {
  const { client, secured } = await pair(side, scope);
  assert.equal(secured.setMaxSendFragment(512), true);
  const lengths: number[] = [];
  client.on('data', (chunk: Buffer) => lengths.push(chunk.length));
  secured.write(Buffer.alloc(4_096));
  const all = (): number => lengths.reduce((sum, one) => sum + one, 0);
  while (all() < 4_096) await once(client, 'data');
  assert(Math.max(...lengths) <= 512, String(lengths));
});

onBothSides('addresses, and counts of bytes', async (side, scope) => {
  const { client, secured, port } = await pair(side, scope);
  await passes(client, secured, 'there');
  await passes(secured, client, 'and back');
  assert.deepEqual(client.address(), {
    address: '127.0.0.1',
    family: 'IPv4',
    port: secured.remotePort,
  });
  assert.deepEqual(secured.address(), { address: '127.0.0.1', family: 'IPv4', port });
  assert.equal(client.remotePort, port);
  assert.equal(client.localFamily, 'IPv4');
  assert.equal(client.bytesWritten, 'there'.length);
  assert.equal(client.bytesRead, 'and back'.length);
});

onBothSides('either end ends first, and both are closed', async (side, scope) => {
  for (const first of ['client', 'secured'] as const) {
    const all = await pair(side, scope, { allowHalfOpen: false });
    const other = all[first === 'client' ? 'secured' : 'client'];
    const ended = [once(all.client, 'close'), once(all.secured, 'close')];
    all[first].end('last');
    assert.equal(await text(other), 'last');
    all[first].resume();
    assert.deepEqual(await Promise.all(ended), [[false], [false]]);
  }
});

onBothSides('a reset is an error, in the handshake and behind it', async (side, scope) => {
  const server = side.createTlsServer(certificate(), ignore);
  const port = await listen(scope, server);
  const early = builtin.connect(port, '127.0.0.1').on('error', ignore);
  await once(server, 'connection');
  const broken = once(server, 'tlsClientError').then(([error]) => Object(error).code);
  early.resetAndDestroy();
  assert.equal(await broken, 'ECONNRESET');
  const raw = side.connect(port) as builtin.Socket;
  const { secured, client } = await connect(side, scope, server, port, { socket: raw });
  await passes(secured, client, 'after the handshake');
  secured.resume();
  const failed = once(secured, 'error').then(([error]) => Object(error).code);
  raw.on('error', ignore).resetAndDestroy();
  assert.equal(await failed, 'ECONNRESET');
});

onBothSides('a client that is destroyed in the handshake', async (side, scope) => {
  const server = side.createTlsServer(certificate(), ignore);
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  const port = await listen(scope, server);
  const client = side.tlsConnect({ ...trusting(), port });
  client.on('error', ignore);
  await once(server, 'connection');
  client.destroy();
  await once(client, 'close');
  const closed = once(server, 'close');
  server.close();
  await closed;
});

onBothSides("the listener of listen() is called with the server as 'this'", async (side, scope) => {
  const server = side.createTlsServer(certificate(), ignore);
  scope.defer(() => server.close());
  const self = await new Promise((resolve) => {
    server.listen(0, '127.0.0.1', function heard(this: unknown) {
      resolve(this);
    });
  });
  assert.equal(self, server);
});

for (const what of ['refused', 'aborted'] as const) {
  test(`what is ${what} is not dialled for`, async (scope) => {
    const server = createTlsServer(certificate(), ignore);
    let connections = 0;
    server.on('connection', () => connections++);
    const port = await listen(scope, server);
    if (what === 'refused') {
      assert.throws(() => tlsConnect({ ...trusting(), port, ciphers: 'none of these' }));
    } else {
      const options = { ...trusting(), port, signal: AbortSignal.abort() };
      const aborted = tlsConnect(options as tls.ConnectionOptions);
      const [error] = await once(aborted, 'error');
      assert.equal(error.name, 'AbortError');
    }
    await sleep(50);
    assert.equal(connections, 0);
  });
}

onBothSides('a path that is not there is ENOENT', async (side) => {
  const client = side.tlsConnect({ path: '/nowhere/at/all' });
  const closed = once(client, 'close').catch(ignore);
  const [error] = await once(client, 'error');
  assert.equal(error.code, 'ENOENT');
  await closed;
});

onBothSides('onread: the buffer gets what was decrypted', async (side, scope) => {
  const server = side.createTlsServer(certificate(), (socket) => socket.end('hello'));
  const port = await listen(scope, server);
  const heard: string[] = [];
  const onread = {
    buffer: Buffer.alloc(100),
    callback(count: number, bytes: Uint8Array): boolean {
      heard.push(String(Buffer.from(bytes.subarray(0, count))));
      return true;
    },
  };
  const reading: tls.ConnectionOptions & { onread: object } = { ...trusting(), port, onread };
  const client = side.tlsConnect(reading);
  await once(client, 'close');
  assert.deepEqual(heard, ['hello']);
});
