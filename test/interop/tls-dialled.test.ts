/**
 * TLS over sockets that are not connected yet: this package dials for Node's native handle, and
 * what the sockets tell is what the built-in's tell.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import builtin from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import tls from 'node:tls';
import ours from 'barewire/node';
import { linux } from '#internal/sys/linux';
import { type Scope, test } from '../kit/test.js';
import { certificate } from './certificate.js';
import { type End, isNative, MAKES, type Make, note, settled } from './tls-pairs.js';

const { cert } = certificate();
const trusting = { ca: cert, servername: 'localhost' };

/** A TLS server of the built-in's that says hello and ends. */
async function greeter(scope: Scope, path?: string): Promise<number> {
  const server = tls.createServer(certificate(), (socket) => socket.end('hello'));
  server.on('tlsClientError', () => {});
  server.listen(path === undefined ? { port: 0, host: '127.0.0.1' } : { path });
  await once(server, 'listening');
  scope.defer(() => server.close());
  const address = server.address();
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}

type Way = (net: typeof builtin, port: number) => End;

function over(raw: builtin.Socket): End {
  return { raw, secured: tls.connect({ socket: raw, ...trusting }) };
}

/** A port that nobody listens on. */
async function closedPort(): Promise<number> {
  const server = builtin.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as builtin.AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

const WAYS: Record<string, Way> = {
  'while it connects': (net, port) => over(net.connect(port, '127.0.0.1')),
  'while it connects by name': (net, port) => over(net.connect(port, 'localhost')),
  'that never connects': (net) => over(new net.Socket()),
  'destroyed while it connects': (net, port) => {
    const end = over(net.connect(port, '127.0.0.1'));
    end.raw.destroy();
    return end;
  },
  'destroyed with an error while it connects': (net, port) => {
    const end = over(net.connect(port, 'localhost'));
    end.secured.destroy(Object.assign(new Error('mine'), { code: 'MINE' }));
    return end;
  },
  'aborted while it connects': (net, port) => {
    const aborter = new AbortController();
    const raw = new net.Socket({ signal: aborter.signal });
    const end = over(raw.connect(port, '127.0.0.1'));
    aborter.abort();
    return end;
  },
  'with an idle time-out while it connects': (net) => {
    // Nobody answers: the lookup never ends.
    const lookup = (() => {}) as unknown as builtin.LookupFunction;
    const end = over(net.connect({ port: 1, host: 'test.invalid', lookup }));
    end.raw.setTimeout(30, () => end.raw.destroy());
    return end;
  },
};

/** As the kernel has them: by a call of its own, since the descriptor is not this package's. */
function optionsOf(fd: number): object {
  const { IPPROTO_TCP, SOL_SOCKET, SO_KEEPALIVE, TCP_KEEPIDLE, TCP_NODELAY } = linux.constants;
  const read = (level: number, name: number): number => {
    const into = Buffer.alloc(4);
    assert.equal(linux.getsockopt(fd, level, name, into), 4);
    return into.readInt32LE(0);
  };
  return {
    noDelay: read(IPPROTO_TCP, TCP_NODELAY),
    keepAlive: read(SOL_SOCKET, SO_KEEPALIVE),
    idleSeconds: read(IPPROTO_TCP, TCP_KEEPIDLE),
  };
}

function watched(events: string[], { raw, secured }: End): End {
  note(raw, 'raw', events);
  note(secured, 'secured', events);
  secured.on('data', (chunk: Buffer) => events.push(String(chunk)));
  return { raw, secured };
}

/** A socket that nobody connects until later: the built-in's are put into a wrapper then. */
const LATER: Record<string, Way> = {
  'before it connects': (net, port) => {
    const end = over(new net.Socket());
    end.raw.connect(port, '127.0.0.1');
    return end;
  },
  'long before it connects': (net, port) => {
    const end = over(new net.Socket());
    setTimeout(() => end.raw.connect({ port, host: 'localhost' }), 30);
    return end;
  },
  'before it connects, with a write': (net, port) => {
    const end = over(new net.Socket());
    end.secured.write('first');
    end.raw.connect(port, '127.0.0.1', () => {});
    return end;
  },
};

async function toldBy(make: Make, way: Way, port: number): Promise<string[]> {
  const events: string[] = [];
  const end = watched(events, way(MAKES[make], port));
  if (make === 'ours' && !end.raw.destroyed) assert.ok(isNative(end));
  const told = await settled(events, end);
  end.raw.destroy();
  await sleep(10);
  return told;
}

for (const [title, way] of Object.entries(WAYS)) {
  test(`TLS over a socket ${title}`, async (scope) => {
    const port = await greeter(scope);
    const expected = await toldBy('builtin', way, port);
    assert.deepEqual(await toldBy('ours', way, port), expected);
  });
}

for (const [title, way] of Object.entries(LATER)) {
  test(`TLS over a socket ${title}`, async (scope) => {
    const port = await greeter(scope);
    // In the wrapper the built-in's ends with EPIPE; this is what natively connected ones do.
    const expected = await toldBy('builtin', WAYS['while it connects'] as Way, port);
    assert.deepEqual(await toldBy('ours', way, port), expected);
  });
}

test('TLS over a socket that is destroyed before anybody connects it', async () => {
  const destroyed: Way = (net) => {
    const end = over(new net.Socket());
    setTimeout(() => end.secured.destroy(), 10);
    return end;
  };
  const [first, second, third] = await toldBy('ours', destroyed, 1);
  assert.deepEqual([first, second], ['raw close(false)', 'secured close(false)']);
  assert.equal(third, 'raw closed true true false, secured closed true true false');
});

// The handle below TLS stays the same one, whichever address answers.
test('TLS over a socket that tries several addresses', async (scope) => {
  const port = await greeter(scope);
  const lookup = ((_name: string, _options: object, callback: (...args: unknown[]) => void) => {
    callback(null, [
      { address: '::1', family: 6 },
      { address: '127.0.0.1', family: 4 },
    ]);
  }) as builtin.LookupFunction;
  const to = { port, host: 'test.invalid', lookup, autoSelectFamily: true };
  const events: string[] = [];
  const several = over(MAKES.ours.connect(to));
  several.raw.on('connectionAttemptFailed', (address) => events.push(`not ${address}`));
  const tried = await settled(events, watched(events, several));
  const single: string[] = [];
  const one = watched(single, over(MAKES.builtin.connect(port, '127.0.0.1')));
  assert.deepEqual(tried, ['not ::1', ...(await settled(single, one))]);
});

test('TLS over a socket that can not connect: one error, the same on both', async () => {
  const port = await closedPort();
  const failed = async (make: Make, way: Way): Promise<unknown> => {
    const events: string[] = [];
    const end = watched(events, way(MAKES[make], port));
    const error = once(end.raw, 'error');
    return [await settled(events, end), { ...((await error)[0] as object) }];
  };
  const expected = await failed('builtin', WAYS['while it connects'] as Way);
  for (const ways of [WAYS, LATER]) {
    for (const way of ['while it connects', 'before it connects']) {
      const found = ways[way];
      if (found !== undefined) assert.deepEqual(await failed('ours', found), expected);
    }
  }
});

test('TLS over a socket that waits for a name: what it is told reaches the dial', async (scope) => {
  const port = await greeter(scope);
  for (const make of ['builtin', 'ours'] as Make[]) {
    let found: () => void = () => {};
    const lookup = ((
      _name: string,
      options: { all?: boolean },
      callback: (...args: unknown[]) => void,
    ) => {
      const one = { address: '127.0.0.1', family: 4 };
      found = () => callback(null, options.all ? [one] : one.address, 4);
    }) as builtin.LookupFunction;
    const { raw, secured } = over(MAKES[make].connect({ port, host: 'test.invalid', lookup }));
    secured.setNoDelay(true);
    secured.setKeepAlive(true, 7000);
    raw.write('');
    assert.equal(raw.readyState, 'opening');
    assert.equal(raw.remoteAddress, undefined);
    found();
    await once(raw, 'connect');
    const { _handle: handle } = raw as unknown as { _handle: { fd: number } };
    // The built-in's handle forgets the delay until it has a descriptor.
    const idleSeconds = make === 'ours' ? 7 : 60;
    assert.deepEqual(optionsOf(handle.fd), { noDelay: 1, keepAlive: 1, idleSeconds }, make);
    assert.equal(raw.remotePort, port);
    assert.equal(raw.localAddress, '127.0.0.1');
    assert.equal(secured.localPort, raw.localPort);
    secured.resume();
    await once(secured, 'close');
  }
});

test('TLS over a UNIX socket while it connects, and before', async (scope) => {
  const path = join(tmpdir(), `bw-tls-${process.pid}.sock`);
  await greeter(scope, path);
  const seen: Record<string, unknown> = {};
  for (const make of ['builtin', 'ours'] as Make[]) {
    for (const later of make === 'ours' ? [false, true] : [false]) {
      const events: string[] = [];
      const raw = later ? new MAKES[make].Socket() : MAKES[make].connect(path);
      const end = watched(events, over(raw));
      if (later) raw.connect(path);
      assert.ok(isNative(end));
      await once(raw, 'connect');
      const names = [raw.remoteAddress, raw.address(), end.secured.remotePort];
      seen[`${make} ${later}`] = [await settled(events, end), names];
    }
    const missing = MAKES[make].connect(join(tmpdir(), 'bw-nobody-there.sock'));
    const events: string[] = [];
    seen[make] = await settled(events, watched(events, over(missing)));
  }
  assert.deepEqual(seen['ours'], seen['builtin']);
  assert.deepEqual(seen['ours false'], seen['builtin false']);
  assert.deepEqual(seen['ours true'], seen['builtin false']);
});

test('TLS over a socket of a server on a UNIX path', async (scope) => {
  const path = join(tmpdir(), `bw-tls-server-${process.pid}.sock`);
  const server = ours.createServer((raw) => {
    const secured = new tls.TLSSocket(raw, { isServer: true, ...certificate() });
    assert.ok(isNative({ raw: raw as unknown as builtin.Socket, secured }));
    secured.end('hello');
  });
  scope.defer(() => server.close());
  await once(server.listen(path), 'listening');
  const { raw, secured } = over(builtin.connect(path));
  const [chunk] = (await once(secured, 'data')) as [Buffer];
  assert.equal(String(chunk), 'hello');
  secured.end();
  await once(raw, 'close');
});

test('TLS in TLS', async (scope) => {
  const inner = tls.createServer(certificate(), (socket) => socket.pipe(socket));
  const outer = ours.createServer((raw) => {
    const secured = new tls.TLSSocket(raw, { isServer: true, ...certificate() });
    inner.emit('connection', secured);
  });
  scope.defer(() => outer.close());
  await once(outer.listen(0, '127.0.0.1'), 'listening');
  const { port } = outer.address() as builtin.AddressInfo;
  const first = over(ours.connect(port, '127.0.0.1') as unknown as builtin.Socket);
  const second = tls.connect({ socket: first.secured, ...trusting });
  assert.ok(isNative(first));
  let received = 0;
  second.on('data', (chunk: Buffer) => {
    received += chunk.length;
  });
  second.end(Buffer.alloc(1 << 20));
  await once(second, 'close');
  assert.equal(received, 1 << 20);
});
