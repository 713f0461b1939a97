/**
 * Sockets of this package's under Node's `tls`: on both the raw socket and the TLS socket all
 * happens as with the built-in's, event by event, and in native code.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import builtin from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import tls from 'node:tls';
import { type Scope, test } from '../kit/test.js';
import { certificate } from './certificate.js';
import {
  type End,
  isNative,
  MAKES,
  type Make,
  makePair,
  note,
  type Plan,
  type Role,
  settled,
} from './tls-pairs.js';

type Act = (own: End, peer: End) => unknown;

const mine = (): Error => Object.assign(new Error('mine'), { code: 'MINE' });
/** A record that says that it is longer than what follows. */
const CUT_RECORD = Buffer.concat([Buffer.from([23, 3, 3, 1, 0]), Buffer.alloc(20, 7)]);

const ACTS: Record<string, Act> = {
  'the peer ends by FIN alone': (_, peer) => peer.raw.end(),
  'FIN alone from the raw socket': (own) => own.raw.end(),
  'the peer resets': (_, peer) => peer.raw.resetAndDestroy(),
  'a reset from the raw socket': (own) => own.raw.resetAndDestroy(),
  'the peer says close_notify': (_, peer) => peer.secured.end(),
  close_notify: (own) => own.secured.end(),
  'close_notify behind bytes': (own) => own.secured.end('the last words'),
  'the peer ends in the middle of a record': (_, peer) => peer.raw.end(CUT_RECORD),
  'the peer sends what is no record': (_, peer) => peer.raw.write('GET / HTTP/1.0\r\n\r\n'),
  'destroy() on the raw socket': (own) => own.raw.destroy(),
  'destroy(error) on the raw socket': (own) => own.raw.destroy(mine()),
  'destroy() on the TLS socket': (own) => own.secured.destroy(),
  'destroy(error) on the TLS socket': (own) => own.secured.destroy(mine()),
  'the peer destroys its raw socket': (_, peer) => peer.raw.destroy(),
  'the peer destroys its TLS socket': (_, peer) => peer.secured.destroy(),
  'destroySoon() on the raw socket': (own) => own.raw.destroySoon(),
  'destroySoon() on the TLS socket': (own) => own.secured.destroySoon(),
  'a time-out on the raw socket': (own) => own.raw.setTimeout(40),
  'a time-out on the TLS socket': (own) => own.secured.setTimeout(40),
  'a time-out on both, and an end': async (own) => {
    own.raw.setTimeout(30);
    own.secured.setTimeout(60);
    await sleep(150);
    own.secured.end();
  },
  'the peer resets while writes wait': (own, peer) => {
    peer.secured.pause();
    own.secured.write(Buffer.alloc(8 << 20));
    setTimeout(() => peer.raw.resetAndDestroy(), 50);
  },
  'end() while writes wait, and the peer reads late': (own, peer) => {
    peer.secured.pause();
    own.secured.end(Buffer.alloc(4 << 20));
    setTimeout(() => peer.secured.resume(), 50);
  },
  'a write behind the reset': async (own, peer) => {
    peer.raw.resetAndDestroy();
    await sleep(20);
    if (!own.secured.destroyed) own.secured.write('too late');
  },
};

async function told(scope: Scope, make: Make, role: Role, plan: Plan, act: Act): Promise<string[]> {
  const pair = await makePair(scope, make, role, plan);
  const [own, peer] = role === 'server' ? [pair.server, pair.client] : [pair.client, pair.server];
  const native = `native: ${isNative(own)}`;
  await act(own, peer);
  return [native, ...(await settled(pair.events, own))];
}

for (const role of ['server', 'client'] as const) {
  for (const afterConnect of role === 'client' ? [false, true] : [false]) {
    const when = afterConnect ? ', connected before' : '';
    for (const [title, act] of Object.entries(ACTS)) {
      test(`TLS ${role}${when}: ${title}`, async (scope) => {
        const expected = await told(scope, 'builtin', role, { afterConnect }, act);
        const seen = await told(scope, 'ours', role, { afterConnect }, act);
        assert.deepEqual(seen, expected);
        assert.ok(expected.length > 2);
      });
    }
  }
}

const HANDSHAKES: Record<string, Plan> = {
  'the client has to show a certificate, and has none': {
    serverOptions: { requestCert: true, rejectUnauthorized: true },
  },
  'the client does not know the authority': { clientOptions: { ca: [] } },
  'the name is another one': { clientOptions: { servername: 'example.org' } },
  'no protocol in common': {
    serverOptions: { ALPNProtocols: ['a'] },
    clientOptions: { ALPNProtocols: ['b'] },
  },
  'no version in common': {
    serverOptions: { minVersion: 'TLSv1.3' } as Plan['serverOptions'] & object,
    clientOptions: { maxVersion: 'TLSv1.2' },
  },
};

for (const role of ['server', 'client'] as const) {
  for (const [title, plan] of Object.entries(HANDSHAKES)) {
    test(`TLS ${role}, handshake: ${title}`, async (scope) => {
      const given = { ...plan, unfinished: true };
      const expected = await told(scope, 'builtin', role, given, () => {});
      const seen = await told(scope, 'ours', role, given, () => {});
      assert.deepEqual(seen, expected);
    });
  }
}

/** A client whose peer has its first bytes, and resets. */
async function resetUnderClient(scope: Scope, make: Make): Promise<string[]> {
  const server = builtin.createServer((peer) => peer.once('data', () => peer.resetAndDestroy()));
  scope.defer(() => server.close());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as builtin.AddressInfo;
  const raw = MAKES[make].connect(port, '127.0.0.1');
  const events: string[] = [];
  note(raw, 'raw', events);
  const end = { raw, secured: tls.connect({ socket: raw }) };
  note(end.secured, 'secured', events);
  return await settled(events, end);
}

/** A server whose peer sends the beginning of a greeting, and resets. */
async function resetUnderServer(scope: Scope, make: Make): Promise<string[]> {
  const events: string[] = [];
  const server = MAKES[make].createServer();
  scope.defer(() => server.close());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as builtin.AddressInfo;
  const peer = builtin.connect(port, '127.0.0.1');
  const [raw] = (await once(server, 'connection')) as [builtin.Socket];
  note(raw, 'raw', events);
  const secured = new tls.TLSSocket(raw, { isServer: true, ...certificate() });
  note(secured, 'secured', events);
  peer.write(Buffer.from([22, 3, 1, 1, 0, 1]));
  await sleep(30);
  peer.resetAndDestroy();
  return await settled(events, { raw, secured });
}

for (const run of [resetUnderClient, resetUnderServer]) {
  test(`TLS, the peer resets in the handshake: ${run.name}`, async (scope) => {
    assert.deepEqual(await run(scope, 'ours'), await run(scope, 'builtin'));
  });
}
