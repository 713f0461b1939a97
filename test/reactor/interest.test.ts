/** Which events the registration of a connection asks epoll for, read back from the kernel. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type Socket } from 'barewire';
import { linux } from '#internal/sys/linux';
import type { Family } from '../kit/echo.js';
import { listening, makePair } from '../kit/pairs.js';
import { test } from '../kit/test.js';

const { EPOLLIN, EPOLLOUT, EPOLLRDHUP } = linux.constants;
const MUCH_BYTES = 16 * 1024 * 1024;

/** The events that an epoll of this process watches `fd` for. */
function interest(fd: number): number {
  for (const name of readdirSync('/proc/self/fdinfo')) {
    let text = '';
    try {
      text = readFileSync(`/proc/self/fdinfo/${name}`, 'utf8');
    } catch {
      // The folder's own descriptor, closed by now.
    }
    const found = new RegExp(`^tfd:\\s+${fd} events:\\s+([0-9a-f]+)`, 'm').exec(text);
    if (found !== null) return Number.parseInt(found[1] as string, 16);
  }
  throw new Error(`no epoll watches ${fd}`);
}

const asksForRoom = (socket: Socket): boolean =>
  (interest(socket._handle?.fd as number) & EPOLLOUT) !== 0;

/** Writes until the kernel takes no more; resolves when the peer has read all of it. */
async function fill(socket: Socket, peer: NodeJS.ReadableStream): Promise<void> {
  peer.pause();
  const drained = once(socket, 'drain');
  assert.equal(socket.write(Buffer.alloc(MUCH_BYTES)), false);
  // Its write is made when the handler or tick is over.
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(asksForRoom(socket), true);
  peer.resume();
  await drained;
}

for (const family of ['tcp', 'unix'] as const satisfies readonly Family[]) {
  test(`${family}: an accepted connection asks for OUT once the kernel is full`, async (scope) => {
    const { ours, peer } = await makePair(scope, {}, family);
    const fd = ours._handle?.fd as number;
    assert.equal(interest(fd) & (EPOLLIN | EPOLLRDHUP), EPOLLIN | EPOLLRDHUP);
    assert.equal(asksForRoom(ours), false);
    ours.on('data', (data) => ours.write(data));
    peer.write('hello');
    await once(peer, 'data');
    assert.equal(asksForRoom(ours), false);
    await fill(ours, peer);
    // A UNIX socket would report OUT for each message that is read.
    assert.equal(asksForRoom(ours), family === 'tcp');
    await fill(ours, peer);
    assert.equal(asksForRoom(ours), family === 'tcp');
  });
}

test('what comes while somebody looks at a handle is there afterwards', async (scope) => {
  const server = createServer();
  scope.defer(() => server.close());
  const to = (await listening(server)) as { port: number; host: string };
  const handle = server._handle as unknown as { onconnection(error: number, of: unknown): void };
  const { onconnection } = handle;
  const kept: { readStart(): unknown }[] = [];
  handle.onconnection = (_error, of) => {
    const connected = of as { readStart(): unknown };
    // There is nobody to read for.
    connected.readStart();
    kept.push(connected);
  };
  const { connect } = await import('node:net');
  const peer = connect(to);
  scope.defer(() => peer.destroy());
  peer.end('before');
  const deadline = Date.now() + 5000;
  while (kept.length === 0 && Date.now() < deadline) await new Promise((r) => setTimeout(r, 5));
  assert.equal(kept.length, 1);
  // The events of the bytes and the FIN come to nobody.
  await new Promise((resolve) => setTimeout(resolve, 100));
  const connection = once(server, 'connection') as Promise<[Socket]>;
  onconnection.call(handle, 0, kept[0]);
  const [socket] = await connection;
  scope.defer(() => socket.destroy());
  const [data] = (await once(socket, 'data')) as [Buffer];
  assert.equal(String(data), 'before');
  await once(socket, 'end');
});
