/**
 * What a program holds on to while TLS or HTTP/2 has its socket in native code; and the sockets
 * that stay in JavaScript, whose wrapper answers for them.
 */
import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { once } from 'node:events';
import http from 'node:http';
import http2 from 'node:http2';
import builtin from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import tls from 'node:tls';
import { toNodeSocket } from 'barewire/interop';
import ours from 'barewire/node';
import { linux } from '#internal/sys/linux';
import { type Scope, test, watch } from '../kit/test.js';
import { certificate } from './certificate.js';
import { text } from './sides.js';
import { isNative } from './tls-pairs.js';

const { cert } = certificate();
const trusting = { ca: cert, servername: 'localhost' };
type OurSocket = InstanceType<typeof ours.Socket>;

/** What TLS is given: its types know the built-in's sockets only. */
function plain(socket: object): builtin.Socket {
  return socket as builtin.Socket;
}

async function echoServer(scope: Scope): Promise<number> {
  const server = tls.createServer(certificate(), (socket) => {
    socket.on('error', () => {});
    socket.pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  scope.defer(() => server.close());
  return (server.address() as builtin.AddressInfo).port;
}

function over(raw: OurSocket): tls.TLSSocket {
  return tls.connect({ socket: plain(raw), ...trusting });
}

function handleOf(socket: object): { fd: number } {
  return (socket as { _handle: { fd: number } })._handle;
}

function option(fd: number, level: number, name: number): number {
  const into = Buffer.alloc(4);
  assert.equal(linux.getsockopt(fd, level, name, into), 4);
  return into.readInt32LE(0);
}

async function echoes(secured: tls.TLSSocket): Promise<void> {
  secured.write('to and fro');
  const [chunk] = (await once(secured, 'data')) as [Buffer];
  assert.equal(String(chunk), 'to and fro');
}

test('under TLS a socket is the same object, and still one of its classes', async (scope) => {
  const port = await echoServer(scope);
  class Mine extends ours.Socket {
    readonly label = 'mine';
    greet(): string {
      return `${this.label} ${this.readyState}`;
    }
  }
  for (const raw of [new Mine(), new ours.Socket()]) {
    raw.connect(port, '127.0.0.1');
    const secured = over(raw);
    await once(secured, 'secureConnect');
    assert.ok(isNative({ raw: plain(raw), secured }));
    assert.ok(raw instanceof ours.Socket);
    assert.ok(raw instanceof builtin.Socket);
    assert.equal(raw instanceof Mine, raw.constructor === Mine);
    if (raw instanceof Mine) assert.equal(raw.greet(), 'mine open');
    assert.ok(!((new builtin.Socket() as object) instanceof ours.Socket));
    assert.deepEqual(
      Object.keys(raw).filter((key) => key === 'stream'),
      [],
    );
    assert.throws(() => toNodeSocket(raw), { code: 'ERR_INVALID_HANDLE_TYPE' });
    await echoes(secured);
    secured.end();
    await once(raw, 'close');
  }
});

test('under TLS a socket is told options that only this package has', async (scope) => {
  const port = await echoServer(scope);
  const raw = ours.connect(port, '127.0.0.1');
  const secured = over(raw);
  await once(secured, 'secureConnect');
  raw.setKeepAlive({ enable: true, initialDelay: 5000, interval: 3000, count: 4 });
  const { fd } = handleOf(raw);
  const { IPPROTO_IP, IPPROTO_TCP, IP_TOS, TCP_KEEPCNT, TCP_KEEPINTVL } = linux.constants;
  assert.equal(option(fd, IPPROTO_TCP, TCP_KEEPINTVL), 3);
  assert.equal(option(fd, IPPROTO_TCP, TCP_KEEPCNT), 4);
  raw.setTypeOfService(16);
  assert.equal(option(fd, IPPROTO_IP, IP_TOS), 16);
  assert.equal(raw.getTypeOfService(), 16);
  // Node has the descriptor: nothing but its options is asked for by this package.
  const isOption = ({ message }: Error): boolean => /^[gs]etsock(opt|name)\(\)/.test(message);
  watch.violations = watch.violations.filter((violation) => !isOption(violation));
  secured.destroy();
  await once(raw, 'close');
});

test("a socket with onread: its bytes are TLS's", async (scope) => {
  const port = await echoServer(scope);
  const callback = (): boolean => assert.fail('not meant for us');
  const onread = { buffer: Buffer.alloc(4096), callback };
  const secured = over(ours.connect({ port, host: '127.0.0.1', onread }));
  await echoes(secured);
  secured.destroy();
});

test('after its end a socket that was under TLS connects again, and counts anew', async (scope) => {
  const port = await echoServer(scope);
  const raw = ours.connect(port, '127.0.0.1');
  await once(raw, 'connect');
  const secured = over(raw);
  await echoes(secured);
  secured.end();
  await once(raw, 'close');
  assert.ok(raw.bytesWritten > 0 && raw.bytesRead > 0);
  raw.connect(port, '127.0.0.1');
  await once(raw, 'connect');
  assert.deepEqual([raw.bytesRead, raw.bytesWritten], [0, 0]);
  raw.destroy();
});

test('a server counts its connections under TLS, and closes behind the last one', async () => {
  const server = ours.createServer((raw) => {
    new tls.TLSSocket(plain(raw), { isServer: true, ...certificate() }).resume();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as builtin.AddressInfo;
  const clients = [1, 2, 3].map(() => tls.connect({ port, host: '127.0.0.1', ...trusting }));
  for (const client of clients) await once(client, 'secureConnect');
  const count = (): Promise<number> =>
    new Promise((resolve) => server.getConnections((_error, number) => resolve(number)));
  assert.equal(await count(), 3);
  const closed = once(server, 'close');
  server.close();
  for (const client of clients) client.end();
  await closed;
  assert.equal(await count(), 0);
});

test("under TLS a socket's events come in its own asynchronous context", async (scope) => {
  const port = await echoServer(scope);
  const storage = new AsyncLocalStorage<string>();
  const seen: unknown[] = [];
  for (const net of [builtin, ours as unknown as typeof builtin]) {
    const raw = storage.run('dialled', () => net.connect(port, '127.0.0.1'));
    for (const event of ['connect', 'close']) raw.on(event, () => seen.push(storage.getStore()));
    const secured = storage.run('secured', () => tls.connect({ socket: raw, ...trusting }));
    for (const event of ['secureConnect', 'data', 'close']) {
      secured.on(event, () => seen.push(storage.getStore()));
    }
    await echoes(secured);
    secured.end();
    await once(secured, 'close');
    await sleep(10);
  }
  assert.deepEqual(seen.slice(seen.length / 2), seen.slice(0, seen.length / 2));
});

test('HTTP/2 without TLS, both ends: natively, by hand', async (scope) => {
  const service = http2.createServer((request, response) => {
    response.end(`${request.socket.remotePort} ${request.httpVersion}`);
  });
  const accepted: OurSocket[] = [];
  const server = ours.createServer({ allowHalfOpen: true }, (raw) => {
    accepted.push(raw);
    service.emit('connection', raw);
  });
  scope.defer(() => server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as builtin.AddressInfo;
  for (const connected of [false, true]) {
    const raw = ours.connect(port, '127.0.0.1');
    if (connected) await once(raw, 'connect');
    const session = http2.connect('http://localhost', { createConnection: () => plain(raw) });
    const request = session.request({ ':path': '/' });
    assert.equal(await text(request.setEncoding('utf8')), `${raw.localPort} 2.0`);
    const { IPPROTO_TCP, TCP_NODELAY } = linux.constants;
    for (const end of [raw, accepted.at(-1) as OurSocket]) {
      assert.equal(handleOf(end).constructor.name, 'TCP');
      assert.equal(option(handleOf(end).fd, IPPROTO_TCP, TCP_NODELAY), 1);
    }
    assert.equal(session.socket.remotePort, port);
    session.close();
    await once(raw, 'close');
  }
});

test('CONNECT through an HTTP server of ours: TLS on both ends of the tunnel', async (scope) => {
  const port = await echoServer(scope);
  const natives: boolean[] = [];
  const proxy = http.createServer().on('connect', (_request, raw: OurSocket) => {
    raw.write('HTTP/1.1 200 OK\r\n\r\n');
    const secured = new tls.TLSSocket(plain(raw), { isServer: true, ...certificate() });
    natives.push(isNative({ raw: plain(raw), secured }));
    secured.pipe(secured);
  });
  const server = ours.createServer((socket) => proxy.emit('connection', socket));
  scope.defer(() => server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const at = server.address() as builtin.AddressInfo;
  const request = http.request({
    method: 'CONNECT',
    path: `localhost:${port}`,
    createConnection: () => plain(ours.connect(at.port, '127.0.0.1')),
  });
  request.end();
  const [, socket] = (await once(request, 'connect')) as [unknown, OurSocket];
  const secured = over(socket);
  natives.push(isNative({ raw: plain(socket), secured }));
  await echoes(secured);
  secured.end();
  await once(socket, 'close');
  assert.deepEqual(natives, [true, true]);
});

/** Sockets of which somebody may want to see the bytes. */
const SEEING: Record<string, (port: number, seen: string[]) => OurSocket> = {
  'a subclass with a _write of its own': (port, seen) => {
    class Watching extends ours.Socket {
      override _write(...args: Parameters<OurSocket['_write']>): void {
        seen.push('_write');
        super._write(...args);
      }
    }
    return new Watching().connect(port, '127.0.0.1');
  },
  'a subclass with a destroy of its own': (port, seen) => {
    class Watching extends ours.Socket {
      override destroy(error?: Error): this {
        seen.push('destroy');
        return super.destroy(error);
      }
    }
    return new Watching().connect(port, '127.0.0.1');
  },
  'a write in the object': (port, seen) => {
    const raw = ours.connect(port, '127.0.0.1');
    const { write } = raw;
    raw.write = function (this: OurSocket, ...args: unknown[]) {
      seen.push('write');
      return Reflect.apply(write, this, args) as boolean;
    } as OurSocket['write'];
    return raw;
  },
  'an emit in the object': (port, seen) => {
    const raw = ours.connect(port, '127.0.0.1');
    const { emit } = raw;
    raw.emit = function (this: OurSocket, ...args: unknown[]) {
      seen.push('emit');
      return Reflect.apply(emit, this, args) as boolean;
    } as OurSocket['emit'];
    return raw;
  },
};

for (const [title, make] of Object.entries(SEEING)) {
  test(`in JavaScript, and nothing lost: ${title}`, async (scope) => {
    const port = await echoServer(scope);
    const seen: string[] = [];
    const raw = make(port, seen);
    await once(raw, 'connect');
    const secured = over(raw);
    assert.ok(!isNative({ raw: plain(raw), secured }));
    await echoes(secured);
    secured.setNoDelay(true).setKeepAlive(true, 9000);
    const { fd } = handleOf(raw);
    const { IPPROTO_TCP, TCP_KEEPIDLE, TCP_NODELAY } = linux.constants;
    assert.equal(option(fd, IPPROTO_TCP, TCP_NODELAY), 1);
    assert.equal(option(fd, IPPROTO_TCP, TCP_KEEPIDLE), 9);
    assert.equal(secured.remotePort, port);
    assert.equal(secured.localPort, raw.localPort);
    const active = (): number => process.getActiveResourcesInfo().filter(isSocket).length;
    const before = active();
    secured.unref();
    assert.equal(active(), before - 1);
    secured.ref();
    assert.equal(active(), before);
    secured.end();
    await once(raw, 'close');
    assert.ok(seen.length > 0);
  });
}

function isSocket(resource: string): boolean {
  return resource === 'TCPSocketWrap';
}

test('in JavaScript, asked for its addresses while it connects', async (scope) => {
  const port = await echoServer(scope);
  const raw = SEEING['a write in the object']?.(port, []) as OurSocket;
  const secured = over(raw);
  assert.equal(secured.localPort, undefined);
  await once(secured, 'secureConnect');
  assert.equal(secured.localPort, raw.localPort);
  assert.equal(secured.remotePort, port);
  secured.destroy();
  await once(raw, 'close');
});
