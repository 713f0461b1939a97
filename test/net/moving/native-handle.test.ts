/** Descriptors of this package's that go into handles of Node's own. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import builtin from 'node:net';
import { nativeHandle, nativeKind, openNative } from '#internal/net/moving/native_handle';
import { systemHost } from '#internal/transport/host';
import { test } from '../../kit/test.js';

function connectedPair(): [number, number] {
  const { kernel } = systemHost();
  const { AF_UNIX, SOCK_STREAM } = kernel.constants;
  const pair: number[] = [];
  assert.equal(kernel.socketpair(AF_UNIX, SOCK_STREAM, pair), 0);
  const [ours = -1, peer = -1] = pair;
  return [ours, peer];
}

test('a handle takes a descriptor out of the ledger for a built-in socket', async () => {
  const { kernel } = systemHost();
  const [ours, peer] = connectedPair();
  const handle = nativeHandle(systemHost(), nativeKind(systemHost(), kernel.constants.AF_UNIX));
  assert.ok(handle);
  assert.equal(openNative(systemHost(), handle, ours), 0);
  assert.equal(handle.fd, ours);
  assert.ok(!kernel.ledger().includes(ours));
  const socket = new builtin.Socket({ handle } as unknown as builtin.SocketConstructorOpts);
  kernel.write(peer, Buffer.from('hello'), 0, 5);
  const [chunk] = (await once(socket, 'data')) as [Buffer];
  assert.equal(String(chunk), 'hello');
  kernel.close(peer, -1);
  await once(socket, 'close');
});

test('a handle that can not open a descriptor leaves it where it was', () => {
  const host = systemHost();
  const { kernel } = host;
  const [ours, peer] = connectedPair();
  const handle = nativeHandle(host, 'PIPE');
  assert.ok(handle);
  handle.open = () => -17;
  assert.equal(openNative(host, handle, ours), -17);
  assert.ok(kernel.ledger().includes(ours));
  handle.close();
  kernel.close(ours, -1);
  kernel.close(peer, -1);
});

test('the two kinds of handles are made again and again, and leave no descriptors', () => {
  const { kernel } = systemHost();
  const before = kernel.ledger();
  for (const kind of ['TCP', 'PIPE', 'TCP', 'PIPE'] as const) {
    const handle = nativeHandle(systemHost(), kind);
    assert.equal(handle?.fd, -1);
    handle?.close();
  }
  assert.deepEqual(kernel.ledger(), before);
});

test('a host that is not on the kernel of this thread has none', () => {
  assert.equal(nativeHandle({ ...systemHost() }, 'TCP'), null);
});
