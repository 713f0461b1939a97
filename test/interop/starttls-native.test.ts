/**
 * TLS in the middle of a connection: what was read and not used goes to TLS, what was written and
 * not sent leaves before it, and all counts go on. Against the built-in's in the same place.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import builtin from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import tls from 'node:tls';
import { type Scope, test } from '../kit/test.js';
import { certificate } from './certificate.js';
import { type End, isNative, MAKES, type Make } from './tls-pairs.js';

/** More than the kernel takes. */
const MANY_BYTES = 24 << 20;
const { key, cert } = certificate();
const AS_SERVER = { isServer: true, key, cert };
const AS_CLIENT = { ca: cert, servername: 'localhost' };

interface Ends {
  /** Of the make under test. */
  readonly own: builtin.Socket;
  readonly peer: builtin.Socket;
}

/** A plain connection, whose server or client is of the make under test. */
async function plainPair(scope: Scope, make: Make, isServer: boolean): Promise<Ends> {
  const server = (isServer ? MAKES[make] : builtin).createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as builtin.AddressInfo;
  const client = (isServer ? builtin : MAKES[make]).connect(port, '127.0.0.1');
  const [accepted] = (await once(server, 'connection')) as [builtin.Socket];
  if (client.connecting) await once(client, 'connect');
  scope.defer(() => {
    server.close();
    client.destroy();
    accepted.destroy();
  });
  return isServer ? { own: accepted, peer: client } : { own: client, peer: accepted };
}

function secure(socket: builtin.Socket, isServer: boolean): tls.TLSSocket {
  if (isServer) return new tls.TLSSocket(socket, AS_SERVER);
  return tls.connect({ socket, ...AS_CLIENT });
}

/** Reads `count` plain bytes and leaves the rest in the socket. */
async function readPlain(socket: builtin.Socket, count: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let left = count;
  while (left > 0) {
    const chunk = socket.read(Math.min(left, Math.max(socket.readableLength, 1))) as Buffer | null;
    if (chunk === null) await once(socket, 'readable');
    else {
      chunks.push(chunk);
      left -= chunk.length;
    }
  }
  return Buffer.concat(chunks);
}

/** Sends `text` each way under TLS, and ends it. */
async function converse(own: tls.TLSSocket, peer: tls.TLSSocket): Promise<void> {
  const heard = [once(own, 'data'), once(peer, 'data')];
  own.write('from own');
  peer.write('from peer');
  const [[atOwn], [atPeer]] = (await Promise.all(heard)) as [[Buffer], [Buffer]];
  assert.deepEqual([String(atOwn), String(atPeer)], ['from peer', 'from own']);
  const closed = [once(own, 'close'), once(peer, 'close')];
  own.end();
  peer.end();
  await Promise.all(closed);
}

const sides = [true, false];
const makes: Make[] = ['builtin', 'ours'];

for (const make of makes) {
  for (const isServer of sides) {
    const end = isServer ? 'server' : 'client';

    test(`STARTTLS, ${make} ${end}: writes that wait leave before TLS`, async (scope) => {
      const { own, peer } = await plainPair(scope, make, isServer);
      const done: string[] = [];
      peer.pause();
      const bytes = Buffer.alloc(MANY_BYTES, 'plain ');
      own.write(bytes, () => done.push('large'));
      own.write('small', () => done.push('small'));
      own.write('last.', () => done.push('last'));
      assert.ok(own.writableLength > 0);
      const total = own.bytesWritten;
      assert.equal(total, MANY_BYTES + 10);
      const secured = secure(own, isServer);
      assert.equal(isNative({ raw: own, secured }), true);
      assert.equal(own.bytesWritten, total);
      const plain = await readPlain(peer, total);
      assert.deepEqual(plain, Buffer.concat([bytes, Buffer.from('smalllast.')]));
      const other = secure(peer, !isServer);
      await once(secured, isServer ? 'secure' : 'secureConnect');
      assert.deepEqual(done, ['large', 'small', 'last']);
      await converse(secured, other);
      assert.equal(own.bytesWritten, peer.bytesRead);
      assert.equal(own.bytesRead, peer.bytesWritten);
    });

    test(`STARTTLS, ${make} ${end}: a corked write, uncorked under TLS`, async (scope) => {
      const { own, peer } = await plainPair(scope, make, isServer);
      own.cork();
      own.write('a');
      own.write('b');
      const secured = secure(own, isServer);
      await sleep(20);
      own.uncork();
      assert.equal(String(await readPlain(peer, 2)), 'ab');
      await converse(secured, secure(peer, !isServer));
    });

    test(`STARTTLS, ${make} ${end}: bytes unread are TLS's`, async (scope) => {
      const { own, peer } = await plainPair(scope, make, isServer);
      own.pause();
      peer.write('STARTTLS\n');
      const other = secure(peer, !isServer);
      await sleep(50);
      assert.equal(String(await readPlain(own, 9)), 'STARTTLS\n');
      const secured = secure(own, isServer);
      await converse(secured, other);
      assert.equal(own.bytesWritten, peer.bytesRead);
      assert.equal(own.bytesRead, peer.bytesWritten);
    });

    test(`STARTTLS, ${make} ${end}: who read by 'data' before`, async (scope) => {
      const { own, peer } = await plainPair(scope, make, isServer);
      const seen: string[] = [];
      own.on('data', (chunk) => seen.push(String(chunk)));
      peer.write('plain');
      await once(own, 'data');
      const secured = secure(own, isServer);
      const state = [own.isPaused(), own.readableFlowing, own.listenerCount('data')];
      assert.deepEqual(state, [false, true, 1]);
      await converse(secured, secure(peer, !isServer));
      assert.deepEqual(seen, ['plain']);
    });
  }
}

test("STARTTLS: with an encoding set, bytes unread are still TLS's", async (scope) => {
  const { own, peer } = await plainPair(scope, 'ours', true);
  own.setEncoding('latin1').pause();
  peer.write('x');
  const other = secure(peer, false);
  await sleep(50);
  await once(own, 'readable');
  assert.equal(own.read(1), 'x');
  assert.ok(own.readableLength > 0);
  const secured = secure(own, true);
  await converse(secured, other);
});

/** Both sides speak text first, and write before the callbacks of the last writes have run. */
for (const make of makes) {
  test(`STARTTLS, ${make}: in one handler, with writes gathered`, async (scope) => {
    const { own, peer } = await plainPair(scope, make, true);
    const told: string[] = [];
    const made = new Promise<End>((resolve) => {
      own.once('data', () => {
        own.write('220 ', () => told.push('first'));
        own.write('go ahead\n', () => told.push('second'));
        own.removeAllListeners('data');
        resolve({ raw: own, secured: secure(own, true) });
      });
    });
    peer.write('STARTTLS\n');
    const { secured } = await made;
    assert.equal(String(await readPlain(peer, 13)), '220 go ahead\n');
    await converse(secured, secure(peer, false));
    assert.deepEqual(told, ['first', 'second']);
    assert.equal(own.bytesWritten, peer.bytesRead);
  });
}

/** Fills the kernel's buffer with small writes, several of them under way at once. */
async function fill(own: builtin.Socket, done: number[]): Promise<Buffer> {
  const sent: Buffer[] = [];
  while (own.writableLength === 0) {
    for (let i = 0; i < 9; i++) {
      const number = sent.length;
      const chunk = Buffer.alloc(6000, `${number},`);
      sent.push(chunk);
      own.write(chunk, () => done.push(number));
    }
    await sleep(1);
  }
  return Buffer.concat(sent);
}

for (const make of makes) {
  test(`STARTTLS, ${make}: many small writes wait`, async (scope) => {
    const { own, peer } = await plainPair(scope, make, false);
    peer.pause();
    const done: number[] = [];
    const plain = await fill(own, done);
    const secured = secure(own, false);
    assert.equal(own.bytesWritten, plain.length);
    assert.deepEqual(await readPlain(peer, plain.length), plain);
    const other = secure(peer, true);
    await once(secured, 'secureConnect');
    assert.deepEqual(done, [...new Array(plain.length / 6000).keys()]);
    await converse(secured, other);
    assert.equal(own.bytesWritten, peer.bytesRead);
  });

  test(`STARTTLS, ${make}: more is unread than one that pauses gets`, async (scope) => {
    const { own, peer } = await plainPair(scope, make, true);
    own.on('data', () => own.pause());
    // Until reads are large: then a pause finds some of it read.
    peer.write(Buffer.alloc(2 << 20, 'p'));
    let plain = 0;
    own.on('data', (chunk: Buffer) => {
      plain += chunk.length;
      if (plain < 2 << 20) own.resume();
    });
    while (plain < 2 << 20) await once(own, 'data');
    const other = secure(peer, false);
    const secured = secure(own, true);
    await converse(secured, other);
    assert.equal(own.bytesRead, peer.bytesWritten);
  });
}
